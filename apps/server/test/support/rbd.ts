import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Plain `rbd`, the independent witness. */
export async function rbd(conf: string, ...args: string[]): Promise<string> {
  const { stdout } = await run("rbd", ["-c", conf, ...args]);
  return stdout;
}

/** Its answer as JSON. */
export async function rbdJson<T>(conf: string, ...args: string[]): Promise<T> {
  return JSON.parse(await rbd(conf, ...args, "--format", "json")) as T;
}
