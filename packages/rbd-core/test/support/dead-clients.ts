import { spawn } from "node:child_process";
import { expect } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { childProgram } from "./child-program.ts";

/** Runs a program that is named `…-and-die.ts` with a JSON argument until it kills itself. Returns false when it ended by itself. */
export async function runUntilDead(program: string, argument: unknown): Promise<boolean> {
  const child = spawn(process.execPath, [childProgram(program), JSON.stringify(argument)], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const [code, signal] = await new Promise<[number | null, NodeJS.Signals | null]>((resolve) => {
    child.once("close", (...ended) => resolve(ended));
  });
  if (code === 0) return false;
  expect(signal, `${program} ended before it was killed: ${problem}`).toBe("SIGKILL");
  return true;
}

/**
 * Makes the cluster forget the watches of dead clients on an image at once, as it does by itself after half a minute. Their
 * locks stay. Nobody else may have the image open.
 */
export async function forgetWatches(
  cluster: Cluster,
  pool: string,
  image: string | { readonly id: string },
): Promise<void> {
  const ioCtx = await cluster.pool(pool);
  await using opened = await ioCtx.openImage(image, { readOnly: true });
  const blocklist = (blocklistop: string, addr: string) =>
    cluster.monCommand({ prefix: "osd blocklist", blocklistop, addr });
  const watchers = await opened.listWatchers();
  for (const { address } of watchers) await blocklist("add", address);
  await expect.poll(() => opened.listWatchers(), { timeout: 20_000 }).toEqual([]);
  for (const { address } of watchers) await blocklist("rm", address);
}
