import { spawn } from "node:child_process";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { hasCode } from "../../src/errors/with-coppice-errors.ts";
import { openImage } from "../../src/image/image.ts";
import type { DyingTransfer } from "./transfer-and-die.ts";

/**
 * Runs a transfer in a process of its own, which is killed on its way. Then the cluster is made to forget that client at
 * once, as it does by itself after half a minute.
 *
 * @param target The cluster of the image that is written to.
 */
export async function dieInTransfer(target: Cluster, dying: DyingTransfer): Promise<void> {
  await runUntilKilled(dying);
  const image = (dying.copyDiff ?? dying.copyImage)?.target.image ?? dying.import?.image;
  if (image !== undefined) await forgetClients(target, image);
  // The source of a whole copy is open for writing too: a snapshot of its head is taken.
  if (dying.copyImage !== undefined && dying.targetConf === undefined)
    await forgetClients(target, String(dying.copyImage.image));
}

/** Runs a transfer in a process of its own, which is killed on its way. Its client stays known to the cluster. */
export async function runUntilKilled(dying: DyingTransfer): Promise<void> {
  const program = fileURLToPath(new URL("transfer-and-die.ts", import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(dying)], {
    env: { ...process.env, NODE_COMPILE_CACHE: join(tmpdir(), "coppice-compile-cache") },
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
async function forgetClients(cluster: Cluster, spec: string): Promise<void> {
  const image = await openImage(cluster, spec, { readOnly: true, allowIncomplete: true }).catch(
    (error: unknown) => {
      if (hasCode(error, "NOT_FOUND")) return undefined;
      throw error;
    },
  );
  if (image === undefined) return;
  await using opened = image;
  for (const { address } of await opened.listWatchers()) {
    await cluster.monCommand({ prefix: "osd blocklist", blocklistop: "add", addr: address });
  }
  await expect.poll(() => opened.listWatchers(), { timeout: 20_000 }).toEqual([]);
}
