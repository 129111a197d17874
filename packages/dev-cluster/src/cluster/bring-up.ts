import { clusterDaemons, type Daemon, managerName, monitorName, osdName } from "../daemons/daemon.ts";
import { changeMonitorPort, ensureOsdKey, makeOsd, readMonitorPort, registerOsd } from "../daemons/stores.ts";
import { DevClusterError } from "../errors.ts";
import { readConfPort, writeConf } from "../folder/conf.ts";
import type { ClusterPaths } from "../folder/paths.ts";
import { type ClusterState, type OsdState, writeState } from "../folder/state.ts";
import { chooseMonitorPort, isPortFree } from "../machine/ports.ts";
import { runInParallel } from "../process/concurrency.ts";
import type { StartOptions } from "./options.ts";

/** The inputs that the steps of one start share. */
export interface StartContext {
  readonly paths: ClusterPaths;
  readonly options: StartOptions;
  readonly mgr: boolean;
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
  /** The daemons that this start has started, to be stopped if it fails. */
  readonly started: Daemon[];
}

/** Starts a daemon, or takes over the running one. */
async function startDaemon(context: StartContext, daemon: Daemon, signal: AbortSignal): Promise<void> {
  const pid = await daemon.pid();
  context.onProgress(
    pid === undefined ? `Starting ${daemon.name}` : `Taking over ${daemon.name} (process ${pid})`,
  );
  if (pid === undefined) context.started.push(daemon);
  await daemon.start(signal);
}

/** Stops the daemons that a failed start has started, the last one first. */
export async function stopStarted(context: StartContext): Promise<void> {
  for (const daemon of context.started.toReversed()) await daemon.stop();
}

interface BringUpHooks {
  /** Runs once the monitor leads, before the manager starts. */
  afterMonitor?(signal: AbortSignal): Promise<void>;
}

/**
 * Starts every daemon of `state`, in parallel as far as their dependencies allow: an OSD's store is made while the
 * monitor starts. OSDs that are not made yet are made and recorded.
 *
 * @returns the state with every OSD made.
 */
export async function bringUp(
  context: StartContext,
  state: ClusterState,
  hooks: BringUpHooks = {},
): Promise<ClusterState> {
  const daemons = new Map(clusterDaemons(context.paths, state).map((daemon) => [daemon.name, daemon]));
  const start = async (name: string, signal: AbortSignal) => {
    const daemon = daemons.get(name);
    if (daemon !== undefined) await startDaemon(context, daemon, signal);
  };
  const monitorUp = Promise.withResolvers<void>();

  await runInParallel(context.signal, [
    async (signal) => {
      try {
        await startMonitor(context, state, signal);
        await hooks.afterMonitor?.(signal);
        monitorUp.resolve();
      } catch (error) {
        monitorUp.reject(error);
        throw error;
      }
      await start(managerName, signal);
    },
    ...state.osds.map((osd) => async (signal: AbortSignal) => {
      if (!osd.made) await makeAndRegister(context, state.fsid, osd, monitorUp.promise, signal);
      await monitorUp.promise;
      await start(osdName(osd.id), signal);
    }),
  ]);

  const made: ClusterState = { ...state, osds: state.osds.map((osd) => ({ ...osd, made: true })) };
  if (state.osds.some((osd) => !osd.made)) await writeState(context.paths.state, made);
  return made;
}

async function makeAndRegister(
  { paths, onProgress }: StartContext,
  fsid: string,
  osd: OsdState,
  monitorUp: Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  onProgress(`Making ${osdName(osd.id)}`);
  const key = await ensureOsdKey(paths, osd.id, signal);
  await runInParallel(signal, [
    (stepSignal) => makeOsd(paths, fsid, osd, stepSignal),
    async (stepSignal) => {
      await monitorUp;
      await registerOsd(paths, osd, key, stepSignal);
    },
  ]);
}

/**
 * Writes the conf and starts the monitor, on another port if another program has taken its own. Only the monitor's bind
 * decides whether a port is free: a port that is lost between the check and the bind is replaced once more.
 */
async function startMonitor(context: StartContext, state: ClusterState, signal: AbortSignal): Promise<void> {
  const { paths, options } = context;
  const daemons = clusterDaemons(paths, state);
  const [monitor] = daemons;
  if (monitor?.name !== monitorName) throw new TypeError("The monitor is the first daemon of every cluster.");
  if ((await monitor.pid()) !== undefined) {
    await writeConf(paths, state, await readConfPort(paths), options.conf);
    return await startDaemon(context, monitor, signal);
  }
  const refused = new Set<number>();
  for (;;) {
    const port = await settlePort(context, daemons, refused, signal);
    await writeConf(paths, state, port, options.conf);
    try {
      return await startDaemon(context, monitor, signal);
    } catch (error) {
      const lostItsPort = error instanceof DevClusterError && error.code === "DAEMON_FAILED";
      if (!lostItsPort || refused.has(port) || (await isPortFree(port))) throw error;
      refused.add(port);
    }
  }
}

/** The stopped monitor's port; a new one, written into its map, where its own is taken. */
async function settlePort(
  { paths, onProgress }: StartContext,
  daemons: readonly Daemon[],
  refused: ReadonlySet<number>,
  signal: AbortSignal,
): Promise<number> {
  const port = await readMonitorPort(paths, signal);
  if (await isPortFree(port)) return port;
  const next = await chooseMonitorPort(paths.dir, refused);
  onProgress(`Port ${port} is taken by another program: moving the monitor to ${next}`);
  // The other daemons know the monitor by its old address alone and would never find it again.
  for (const daemon of daemons.toReversed()) await daemon.stop();
  await changeMonitorPort(paths, next, signal);
  return next;
}
