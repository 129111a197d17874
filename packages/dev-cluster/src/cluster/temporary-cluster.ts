import { mkdir, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { currentUid } from "../machine/folder.ts";
import { identifyProcess, isAlive } from "../process/processes.ts";
import type { DevCluster, StartOptions } from "./options.ts";
import { startCluster } from "./start-cluster.ts";
import { stopCluster } from "./stop-cluster.ts";

export interface TemporaryOptions extends Omit<StartOptions, "dir"> {
  /** Where the cluster's folder is made; default the system's folder for temporary files. */
  root?: string;
  /** The first part of the folder's name. Default "coppice-cluster". */
  prefix?: string;
}

/**
 * A cluster that lives only as long as this process, for tests and benchmarks: `stop()` removes it with its folder. The
 * folder's name contains the process, so that the next call removes the clusters of killed processes.
 *
 * @throws DevClusterError as startCluster does.
 */
export async function startTemporaryCluster(options: TemporaryOptions = {}): Promise<DevCluster> {
  const { root = tmpdir(), prefix = "coppice-cluster", ...start } = options;
  await removeAbandoned(root, prefix);
  const self = await identifyProcess(process.pid);
  const serial = await firstFree(
    join(root, `${prefix}-${currentUid()}-${process.pid}-${self?.startedAt ?? 0}`),
  );
  let cluster: DevCluster;
  try {
    cluster = await startCluster({ ...start, dir: serial });
  } catch (error) {
    await rm(serial, { recursive: true, force: true });
    throw error;
  }
  const stop = async () => {
    await cluster.stop();
    await rm(cluster.dir, { recursive: true, force: true });
  };
  return { ...cluster, stop, [Symbol.asyncDispose]: stop };
}

/** Makes and returns the first folder `${base}-0`, `-1`, … that is not there yet. */
async function firstFree(base: string): Promise<string> {
  for (let serial = 0; ; serial++) {
    const made = await mkdir(`${base}-${serial}`, { mode: 0o700, recursive: true });
    if (made !== undefined) return `${base}-${serial}`;
  }
}

/** Stops and removes the temporary clusters of this user whose process has ended. */
async function removeAbandoned(root: string, prefix: string): Promise<void> {
  for (const name of await readdir(root)) {
    const owner = ownerOf(name, prefix, currentUid());
    if (owner === undefined || (await isAlive(owner))) continue;
    await stopCluster(join(root, name));
    await rm(join(root, name), { recursive: true, force: true });
  }
}

/** The process that owns a temporary cluster's folder, by its name; undefined for a folder of another user. */
export function ownerOf(
  name: string,
  prefix: string,
  uid: number,
): { pid: number; startedAt: string } | undefined {
  const start = `${prefix}-${uid}-`;
  const parts = name.startsWith(start) ? /^(\d+)-(\d+)-\d+$/.exec(name.slice(start.length)) : null;
  const [, pid, startedAt] = parts ?? [];
  return pid === undefined || startedAt === undefined ? undefined : { pid: Number(pid), startedAt };
}
