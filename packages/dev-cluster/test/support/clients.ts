import { execFile } from "node:child_process";
import { promisify } from "node:util";

const run = promisify(execFile);

/** Runs plain `rbd` against the cluster: the independent witness. @returns its standard output. */
export async function rbd(conf: string, ...args: string[]): Promise<string> {
  return (await run("rbd", ["--conf", conf, ...args])).stdout;
}

/** Runs plain `ceph` and parses its JSON. */
export async function cephJson(conf: string, ...args: string[]): Promise<Record<string, unknown>> {
  const { stdout } = await run("ceph", ["--conf", conf, "--format", "json", ...args]);
  return JSON.parse(stdout);
}

export async function health(conf: string): Promise<unknown> {
  return (await cephJson(conf, "health")).status;
}
