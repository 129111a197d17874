import { spawn } from "node:child_process";
import { expect } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { hasCode } from "../../src/errors/with-coppice-errors.ts";
import { openImage } from "../../src/image/image.ts";
import { childProgram } from "./child-program.ts";
import type { DyingTransfer } from "./transfer-and-die.ts";

/**
 * Runs a transfer in a process of its own, which is killed on its way. Then the cluster is made to forget that client at
 * once, as it does by itself after half a minute.
 *
 * @param target The cluster of the image that is written to.
 * @param options `mayOutlive`: the transfer may not come to the moment at which it dies, and then ends as usual.
 * @returns Whether the process was killed.
 */
export async function dieInTransfer(
  target: Cluster,
  dying: DyingTransfer,
  { mayOutlive = false } = {},
): Promise<boolean> {
  const killed = await runUntilKilled(dying, mayOutlive);
  if (!killed) return false;
  const image = (dying.copyDiff ?? dying.copyImage)?.target.image ?? dying.import?.image;
  if (image !== undefined) await forgetClients(target, image);
  // The source of a whole copy is open for writing too: a snapshot of its head is taken.
  if (dying.copyImage !== undefined && dying.targetConf === undefined)
    await forgetClients(target, String(dying.copyImage.image));
  return true;
}

/** Runs a transfer in a process of its own, which is killed on its way. Its client stays known to the cluster. */
export async function runUntilKilled(dying: DyingTransfer, mayOutlive = false): Promise<boolean> {
  const program = childProgram("transfer-and-die.ts");
  const child = spawn(process.execPath, [program, JSON.stringify(dying)], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (...ended) => resolve(ended));
  });
  if (mayOutlive && code === 0) return false;
  expect(signal, `the process ended before it was killed: ${problem}`).toBe("SIGKILL");
  return true;
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
