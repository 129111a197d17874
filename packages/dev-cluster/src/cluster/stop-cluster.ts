import { realpath, rm } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";
import { acquireClusterLock } from "../lock/cluster-lock.ts";
import { currentUid } from "../machine/user.ts";
import { type ClusterProcess, findClusterProcesses } from "../process/cluster-processes.ts";
import { killProcesses, terminateProcesses } from "../process/end-processes.ts";
import { clusterPaths } from "./paths.ts";

export interface StopOptions {
  onProgress?(step: string): void;
  signal?: AbortSignal;
}

const lockWaitMs = 120_000;
const termDeadlineMs = 15_000;
/** OSDs first, while the monitor can still note that they went; the monitor last. */
const order = ["osd", "mgr", "mon"];

/**
 * Stops every daemon of the cluster in `dir` (SIGTERM, after a deadline SIGKILL) and returns when they
 * are gone. The data stays. Nothing to do is no error.
 *
 * @throws DevClusterError LOCKED, TIMED_OUT.
 */
export async function stopCluster(dir: string, options: StopOptions = {}): Promise<void> {
  const { onProgress = () => undefined, signal } = options;
  const real = await resolveFolder(dir);
  if (real === undefined) return;
  const paths = clusterPaths(real, currentUid());
  await using _lock = await acquireClusterLock(paths.dir, {
    activity: "stopping the cluster",
    waitMs: lockWaitMs,
    onWait: (holder) => onProgress(`Waiting for ${holder}`),
    signal,
  });
  const processes = await findClusterProcesses(paths.conf);
  const preparing = processes.filter(({ role }) => role === "preparing");
  if (preparing.length > 0) await killProcesses(preparing, "unfinished work");
  for (const type of order) await stopAll(processes, type, onProgress);
  // Sockets and pid files of daemons that are gone; every start makes the folder anew.
  await rm(paths.run, { recursive: true, force: true });
}

async function stopAll(
  processes: readonly ClusterProcess[],
  type: string,
  onProgress: (step: string) => void,
): Promise<void> {
  const ending = processes.filter(({ daemon, role }) => role === "serving" && daemon.startsWith(`${type}.`));
  if (ending.length === 0) return;
  const names = ending.map(({ daemon }) => daemon).join(", ");
  onProgress(`Stopping ${names}`);
  const byItself = await terminateProcesses(ending, names, termDeadlineMs);
  if (!byItself) onProgress(`${names} did not end within ${termDeadlineMs / 1000} s and had to be killed`);
}

async function resolveFolder(dir: string): Promise<string | undefined> {
  try {
    return await realpath(dir);
  } catch (error) {
    if (["ENOENT", "ENOTDIR"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}
