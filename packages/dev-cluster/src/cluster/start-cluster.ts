import { DevClusterError } from "../errors.ts";
import { acquireClusterLock } from "../lock/cluster-lock.ts";
import { requireBinaries } from "../machine/binaries.ts";
import { prepareFolder } from "../machine/folder.ts";
import { prepareRunFolder } from "../machine/run-folder.ts";
import { currentUid } from "../machine/user.ts";
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
  const { onProgress = () => undefined, signal = new AbortController().signal } = options;
  signal.throwIfAborted();
  if (
    options.osds !== undefined &&
    !(Number.isInteger(options.osds) && options.osds >= 1 && options.osds <= 16)
  ) {
    throw new DevClusterError("INVALID_ARGUMENT", `A cluster cannot have ${options.osds} OSDs.`, {
      call: "startCluster",
      object: "osds",
      hint: "Give a whole number from 1 to 16.",
    });
  }
  const mgr = options.mgr ?? true;
  await requireBinaries([
    "ceph",
    "ceph-mon",
    "ceph-osd",
    "monmaptool",
    "rbd",
    ...(mgr ? (["ceph-mgr"] as const) : []),
  ]);
  const uid = currentUid();
  const paths = clusterPaths(await prepareFolder(options.dir), uid);

  await using _lock = await acquireClusterLock(paths.dir, {
    activity: "starting the cluster",
    waitMs: lockWaitMs,
    onWait: (holder) => onProgress(`Waiting for ${holder}`),
    signal,
  });
  const state = await readState(paths.state);
  await endLeftovers(paths, state, onProgress);
  await prepareRunFolder(paths.run, uid);
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
