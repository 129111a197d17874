import { findClusterProcesses } from "../process/cluster-processes.ts";
import { killProcesses } from "../process/end-processes.ts";
import type { ClusterPaths } from "./paths.ts";
import type { ClusterState } from "./state.ts";

/**
 * Ends what a killed start, or a cluster since deleted, left running in this folder: half-done tools
 * (`--mkfs`), the daemons of an unfinished cluster, and daemons of another fsid. Daemons of a cluster that once
 * was ready are left alone. To be called under the folder's lock.
 */
export async function endLeftovers(
  paths: ClusterPaths,
  state: ClusterState | undefined,
  onProgress: (step: string) => void,
): Promise<void> {
  const processes = await findClusterProcesses(paths.conf);
  const leftovers = processes.filter(
    ({ role, fsid }) => role === "tool" || state?.phase !== "ready" || fsid !== state.fsid,
  );
  if (leftovers.length === 0) return;
  const names = leftovers.map(({ name }) => name).join(", ");
  onProgress(`Ending what an earlier start left: ${names}`);
  await killProcesses(leftovers, names);
}
