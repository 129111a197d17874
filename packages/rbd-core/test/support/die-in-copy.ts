import { spawn } from "node:child_process";
import { fileURLToPath } from "node:url";
import { expect } from "vitest";
import type { PlainRbd } from "../integration/formats/plain-rbd.ts";
import type { DyingCopy } from "./copy-and-die.ts";
import type { DyingImport } from "./import-and-die.ts";

/**
 * Runs a copy in a process of its own, which is killed on its way; then has the cluster forget that client at once, as
 * it does by itself after half a minute.
 *
 * @param target On which the dead client is to be forgotten.
 */
export async function dieInCopy(target: PlainRbd, copy: DyingCopy): Promise<void> {
  await die("copy-and-die.ts", copy);
  const image = (copy.diff ?? copy.image)?.target.image;
  if (image !== undefined) await forgetClients(target, image);
  // Whoever copies a whole image has it open for writing too: its head is read from a snapshot.
  if (copy.image !== undefined && copy.targetConf === undefined)
    await forgetClients(target, String(copy.image.image));
}

/** The same of an import. */
export async function dieInImport(target: PlainRbd, dying: DyingImport): Promise<void> {
  await die("import-and-die.ts", dying);
  const [pool, name] = dying.image.split("/") as [string, string];
  const there: string[] = JSON.parse(String(await target.rbd(["ls", "--format", "json", pool])));
  if (there.includes(name)) await forgetClients(target, dying.image);
}

/** Runs a program of this folder until it is killed. */
async function die(name: string, argument: DyingCopy | DyingImport): Promise<void> {
  const program = fileURLToPath(new URL(name, import.meta.url));
  const child = spawn(process.execPath, [program, JSON.stringify(argument)], {
    stdio: ["ignore", "inherit", "pipe"],
  });
  let problem = "";
  child.stderr.on("data", (chunk: Buffer) => {
    problem = (problem + chunk.toString()).slice(-4000);
  });
  const signal = await new Promise<NodeJS.Signals | null>((resolve) => {
    child.once("close", (_, ended) => resolve(ended));
  });
  expect(signal, `it ended before it was to die: ${problem}`).toBe("SIGKILL");
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
