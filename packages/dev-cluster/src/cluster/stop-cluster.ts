import { existingFolder } from "../folder/files.ts";
import { clusterPaths } from "../folder/paths.ts";
import {
  type ClusterProcess,
  findClusterProcesses,
  killProcesses,
  terminateProcesses,
} from "../process/processes.ts";
import { acquireClusterLock } from "./cluster-lock.ts";

export interface StopOptions {
  onProgress?(step: string): void;
  signal?: AbortSignal;
}

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
  const real = await existingFolder(dir);
  if (real === undefined) return;
  const paths = clusterPaths(real);
  await using _lock = await acquireClusterLock(paths.dir, {
    activity: "stopping the cluster",
    onWait: (holder) => onProgress(`Waiting for ${holder}`),
    signal,
  });
  const processes = await findClusterProcesses(paths.conf);
  // This process holds the lock, so the process that started these has ended.
  const tools = processes.filter(({ role }) => role === "tool");
  if (tools.length > 0) await killProcesses(tools, "unfinished work");
  for (const type of order) await stopAll(processes, type, onProgress);
}

async function stopAll(
  processes: readonly ClusterProcess[],
  type: string,
  onProgress: (step: string) => void,
): Promise<void> {
  const ending = processes.filter(({ role, name }) => role === "daemon" && name.startsWith(`${type}.`));
  if (ending.length === 0) return;
  const names = ending.map(({ name }) => name).join(", ");
  onProgress(`Stopping ${names}`);
  const byItself = await terminateProcesses(ending, names, termDeadlineMs);
  if (!byItself) onProgress(`${names} did not end within ${termDeadlineMs / 1000} s and had to be killed`);
}
