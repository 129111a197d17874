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

/** The lines that plain `rados` prints; none for an object that does not exist. */
export async function rados(conf: string, ...args: string[]): Promise<string[]> {
  try {
    return (await run("rados", ["-c", conf, ...args])).stdout.trim().split("\n");
  } catch (error) {
    if (String(error).includes("No such file or directory")) return [];
    throw error;
  }
}

/** Makes the header of an image look as if nobody had changed it for years. */
export async function ageHeader(conf: string, pool: string, namespace: string, id: string): Promise<void> {
  await run("rados", ["-c", conf, "-p", pool, "-N", namespace, "touch", `rbd_header.${id}`, "1700000000"]);
}
