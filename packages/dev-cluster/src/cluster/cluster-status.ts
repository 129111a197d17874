import { clusterDaemons } from "../daemons/daemon.ts";
import { existingFolder } from "../folder/files.ts";
import { clusterPaths } from "../folder/paths.ts";
import { type ClusterState, readState } from "../folder/state.ts";
import type { ClusterStatus, DaemonStatus } from "./options.ts";

/**
 * The cluster in `dir` and which of its daemons run. Takes no lock and changes nothing.
 * @throws DevClusterError STATE_UNREADABLE.
 */
export async function clusterStatus(dir: string): Promise<ClusterStatus> {
  const real = await existingFolder(dir);
  if (real === undefined) return { state: "absent", daemons: [] };
  const paths = clusterPaths(real);
  const state = await readState(paths.state);
  if (state === undefined) return { state: "absent", daemons: [] };
  const daemons = await Promise.all(
    clusterDaemons(paths, state).map(async (daemon): Promise<DaemonStatus> => {
      const pid = await daemon.pid();
      return { name: daemon.name, pid: pid ?? null, running: pid !== undefined };
    }),
  );
  return { state: summarise(state.phase, daemons), daemons, conf: paths.conf };
}

export function summarise(
  phase: ClusterState["phase"],
  daemons: readonly DaemonStatus[],
): ClusterStatus["state"] {
  if (phase === "making") return "degraded";
  if (daemons.every(({ running }) => running)) return "running";
  return daemons.some(({ running }) => running) ? "degraded" : "stopped";
}
