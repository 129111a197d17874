import { execFile } from "node:child_process";
import { promisify } from "node:util";

const execute = promisify(execFile);
const mostOutput = 256 * 1024 ** 2;

/** Runs the peers' commands on the benchmark's cluster. */
export interface Shell {
  /** Runs `rbd` with arguments and returns what it printed. */
  rbd(...args: string[]): Promise<string>;
  /** Runs a `bash` line with CEPH_CONF set, failing when any part of a pipe fails. */
  bash(line: string): Promise<string>;
}

export function shellFor(conf: string): Shell {
  const env = { ...process.env, CEPH_CONF: conf };
  const run = async (file: string, args: string[]) => {
    const { stdout } = await execute(file, args, { env, maxBuffer: mostOutput });
    return stdout;
  };
  return {
    rbd: (...args) => run("rbd", args),
    bash: (line) => run("bash", ["-euo", "pipefail", "-c", line]),
  };
}

/** Milliseconds that `work` takes. */
export async function timed(work: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await work();
  return performance.now() - start;
}
