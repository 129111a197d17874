import type { Shell } from "../harness/shell.ts";

/**
 * Milliseconds that `rados bench` takes to write that many objects of 4 MiB, and then to read them.
 *
 * @param options Of Ceph's, before the command.
 */
export async function radosBench(shell: Shell, pool: string, objects: number, options = ""): Promise<number> {
  const run = async (what: string) => {
    const printed = await shell.bash(
      `rados ${options} --pool ${pool} bench 60 ${what} -t 16 --run-name limit`,
    );
    const seconds = /^Total time run:\s+([\d.]+)/m.exec(printed)?.[1];
    if (seconds === undefined) throw new Error(`rados bench did not say how long it took: ${printed}`);
    return Number(seconds) * 1000;
  };
  try {
    const write = await run(`write -b 4M --max-objects ${objects} --no-cleanup`);
    return write + (await run("seq"));
  } finally {
    await shell.bash(`rados --pool ${pool} cleanup --run-name limit`);
  }
}
