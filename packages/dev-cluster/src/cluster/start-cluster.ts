import { orUndefined } from "../files/missing.ts";
import { acquireClusterLock } from "../lock/cluster-lock.ts";
import { type Binary, requireBinaries } from "../machine/binaries.ts";
import { prepareFolder, requireOwner } from "../machine/folder.ts";
import { checkOptions } from "./check-options.ts";
import { createCluster } from "./create-cluster.ts";
import { endLeftovers } from "./leftovers.ts";
import type { DevCluster, StartOptions } from "./options.ts";
import { clusterPaths } from "./paths.ts";
import { resumeCluster } from "./resume-cluster.ts";
import { runningCluster } from "./running-cluster.ts";
import { type StartContext, stopStarted } from "./start-context.ts";
import { readState } from "./state.ts";

/** Longer than any start takes; then the holder is stuck and the caller should hear its name. */
const lockWaitMs = 120_000;

const binaries: readonly Binary[] = ["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "rbd"];

/**
 * Makes the cluster in `dir`, or starts again what is there. Daemons that still run are taken over; what
 * a killed start left half-made is made again, but never a cluster that once was ready. Two starts of the
 * same folder come one after the other.
 *
 * When it resolves the monitor leads, the OSDs are up, the manager (if asked for) is active and the pool
 * `rbd` of a new cluster is initialised. When it fails, the daemons that it started are stopped again.
 *
 * @throws DevClusterError any code; `signal.reason` when aborted.
 */
export async function startCluster(options: StartOptions): Promise<DevCluster> {
  const { mgr = true, onProgress = () => undefined, signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  checkOptions(options);
  await requireBinaries(mgr ? [...binaries, "ceph-mgr"] : binaries);
  const paths = clusterPaths(await prepareFolder(options.dir));

  await using _lock = await acquireClusterLock(paths.dir, {
    activity: "starting the cluster",
    waitMs: lockWaitMs,
    onWait: (holder) => onProgress(`Waiting for ${holder}`),
    signal,
  });
  await orUndefined(requireOwner(paths.state));
  const state = await readState(paths.state);
  await endLeftovers(paths, state, onProgress);
  const context: StartContext = { paths, options, mgr, onProgress, signal, started: [] };
  try {
    const ready =
      state?.phase === "ready" ? await resumeCluster(context, state) : await createCluster(context, state);
    onProgress("Ready");
    return runningCluster(paths, ready);
  } catch (error) {
    await stopStarted(context);
    throw error;
  }
}
