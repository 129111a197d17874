import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { writeSteps } from "rbd-native";
import { expect } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { hasCode } from "../../src/errors/with-coppice-errors.ts";
import { headerObject } from "../../src/headers/object-names.ts";
import { openImage } from "../../src/image/image.ts";
import { toImageOnly } from "../../src/names/image-spec.ts";
import { isSoak } from "./soak.ts";
import type { DyingTransfer } from "./transfer-and-die.ts";

/**
 * Runs a transfer in a process of its own, which is killed on its way. Then the cluster is made to forget that client at
 * once, as it does by itself after half a minute.
 *
 * @param target The cluster of the image that is written to.
 * @param options `waitsForLease`: leaves the dead client's lease of a new image to end by itself after some seconds, as it
 * always does in a soak run. Without it the lease is removed.
 */
export async function dieInTransfer(
  target: Cluster,
  dying: DyingTransfer,
  { waitsForLease = isSoak }: { readonly waitsForLease?: boolean } = {},
): Promise<void> {
  await runUntilKilled(dying);
  const image = (dying.copyDiff ?? dying.copyImage)?.target.image ?? dying.import?.image;
  if (image !== undefined) await forgetClients(target, image, waitsForLease);
  // The source of a whole copy is open for writing too: a snapshot of its head is taken.
  if (dying.copyImage !== undefined && dying.targetConf === undefined)
    await forgetClients(target, String(dying.copyImage.image), waitsForLease);
}

async function runUntilKilled(dying: DyingTransfer): Promise<void> {
  const program = fileURLToPath(new URL("transfer-and-die.ts", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(dying)], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_, ended) => resolve(ended));
  });
  expect(signal, `the process ended before it was killed: ${problem}`).toBe("SIGKILL");
}

/** Puts every client that has an image open for writing on the blocklist. All of them are dead. */
async function forgetClients(cluster: Cluster, spec: string, waitsForLease: boolean): Promise<void> {
  const image = await openImage(cluster, spec, { readOnly: true }).catch((error: unknown) => {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  });
  if (image === undefined) return;
  await using opened = image;
  for (const { address } of await opened.listWatchers()) {
    await cluster.monCommand({ prefix: "osd blocklist", blocklistop: "add", addr: address });
  }
  await expect.poll(() => opened.listWatchers(), { timeout: 20_000 }).toEqual([]);
  if (waitsForLease) return;
  const { pool, namespace } = toImageOnly(spec);
  const ioCtx = await cluster.pool(pool, namespace);
  const locks = ["lock.coppice.copy", "lock.coppice.import"].map((name) => writeSteps.removeXattr(name));
  await ioCtx.objects.write(headerObject(opened.id), [writeSteps.assertExists(), ...locks]);
}
