import { randomUUID } from "node:crypto";
import { clusterDaemons, managerName } from "../daemons/daemon.ts";
import { DevClusterError, orUndefined } from "../errors.ts";
import { type ClusterPaths, clusterPaths } from "../folder/paths.ts";
import { type ClusterState, type OsdState, readState, writeState } from "../folder/state.ts";
import { prepareFolder, requireOwner } from "../machine/folder.ts";
import { type Binary, memoryNeeded, requireBinaries, requireMemory } from "../machine/requirements.ts";
import { findClusterProcesses, killProcesses } from "../process/processes.ts";
import { bringUp, type StartContext, stopStarted } from "./bring-up.ts";
import { acquireClusterLock } from "./cluster-lock.ts";
import { createCluster } from "./create-cluster.ts";
import { checkOptions, type DevCluster, type StartOptions } from "./options.ts";
import { stopCluster } from "./stop-cluster.ts";

const binaries: readonly Binary[] = ["ceph", "ceph-authtool", "ceph-mon", "ceph-osd", "monmaptool", "rbd"];

/**
 * Creates the cluster in `dir`, or starts the one that is there. Daemons that still run are taken over. A cluster whose
 * creation was interrupted is created again; a cluster that once was ready never is. Two starts of the same folder run
 * one after the other.
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

/** Starts the daemons of a ready cluster that do not run, and takes over the others. */
async function resumeCluster(context: StartContext, last: ClusterState): Promise<ClusterState> {
  const { paths, options } = context;
  // A running manager belongs to the cluster, even if this start did not ask for one.
  const mgr = context.mgr || (await runningNames(context)).has(managerName);
  const state: ClusterState = { ...last, mgr, osds: withMoreOsds(last.osds, options.osds) };
  await writeState(paths.state, state);
  await requireMemoryForMissing(context, state);
  return await bringUp(context, state);
}

async function requireMemoryForMissing(context: StartContext, state: ClusterState): Promise<void> {
  const running = await runningNames(context);
  const missing = clusterDaemons(context.paths, state).filter(({ name }) => !running.has(name));
  const count = (type: string) => missing.filter(({ name }) => name.startsWith(`${type}.`)).length;
  requireMemory(memoryNeeded({ mon: count("mon"), mgr: count("mgr"), osd: count("osd") }));
}

async function runningNames({ paths }: StartContext): Promise<ReadonlySet<string>> {
  const processes = await findClusterProcesses(paths.conf);
  return new Set(processes.map(({ name }) => name));
}

export function withMoreOsds(osds: readonly OsdState[], wanted = 0): OsdState[] {
  const missing = Math.max(0, wanted - osds.length);
  const added = Array.from({ length: missing }, (_, index) => ({
    id: osds.length + index,
    uuid: randomUUID(),
    made: false,
  }));
  return [...osds, ...added];
}

function runningCluster(paths: ClusterPaths, state: ClusterState): DevCluster {
  const daemons = clusterDaemons(paths, state);
  const stop = () => stopCluster(paths.dir);
  return {
    dir: paths.dir,
    conf: paths.conf,
    fsid: state.fsid,
    name: "ceph",
    daemons,
    daemon(name) {
      const daemon = daemons.find((candidate) => candidate.name === name);
      if (daemon !== undefined) return daemon;
      throw new DevClusterError("INVALID_ARGUMENT", `The cluster in ${paths.dir} has no daemon ${name}.`, {
        call: "daemon",
        object: name,
        hint: `It has ${daemons.map((candidate) => candidate.name).join(", ")}.`,
      });
    },
    stop,
    [Symbol.asyncDispose]: stop,
  };
}

/**
 * Kills processes that a killed start, or a deleted cluster, left running in this folder: unfinished tools (`--mkfs`),
 * the daemons of an unfinished cluster, and daemons of another fsid. The daemons of a cluster that once was ready keep
 * running. To be called while the folder's lock is held.
 */
async function endLeftovers(
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
  onProgress(`Stopping processes of an earlier start: ${names}`);
  await killProcesses(leftovers, names);
}
