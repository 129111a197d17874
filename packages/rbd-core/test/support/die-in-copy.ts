import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { PlainRbd } from "../integration/formats/plain-rbd.ts";
import type { DyingCopy } from "./copy-and-die.ts";

const program = fileURLToPath(new URL("copy-and-die.ts", import.meta.url));

/**
 * Runs a copy in a process of its own, which is killed on its way; then has the cluster forget that client at once, as
 * it does by itself after half a minute.
 *
 * @param target On which the dead client is to be forgotten.
 */
export async function dieInCopy(target: PlainRbd, copy: DyingCopy): Promise<void> {
  const child = spawn(process.execPath, [program, JSON.stringify(copy)], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_, name) => resolve(name));
  });
  expect(signal, `the copy ended before it was to die: ${problem}`).toBe("SIGKILL");
  const image = (copy.diff ?? copy.image)?.target.image;
  if (image !== undefined) await forgetClients(target, image);
  // Whoever copies a whole image has it open for writing too: its head is read from a snapshot.
  if (copy.image !== undefined && copy.targetConf === undefined)
    await forgetClients(target, String(copy.image.image));
}

/** Has a cluster forget at once who has an image open: clients that are dead, or could not say that they let go. */
export async function forgetClients(plain: PlainRbd, image: string): Promise<void> {
  for (const address of await watchers(plain, image)) {
    await plain.run("ceph", ["osd", "blacklist", "add", address]);
  }
  await expect.poll(() => watchers(plain, image), { timeout: 20_000 }).toEqual([]);
}

async function watchers(plain: PlainRbd, image: string): Promise<string[]> {
  const status = JSON.parse(String(await plain.rbd(["status", "--format", "json", image])));
  return (status.watchers as { address: string }[]).map(({ address }) => address);
}
