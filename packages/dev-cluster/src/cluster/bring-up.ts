import { clusterDaemons, managerName, osdName } from "../daemons/cluster-daemons.ts";
import { ensureOsdKey, makeOsd, registerOsd } from "../daemons/osd.ts";
import { together } from "../process/together.ts";
import { type StartContext, startDaemon } from "./start-context.ts";
import { startMonitor } from "./start-monitor.ts";
import { type ClusterState, type OsdState, writeState } from "./state.ts";

export interface BringUpHooks {
  /** Runs once the monitor leads, before the manager starts. */
  afterMonitor?(signal: AbortSignal): Promise<void>;
}

/**
 * Brings up every daemon of `state`, as much of it side by side as their needs allow: an OSD's store is
 * made while the monitor starts. OSDs that are not made yet are made and recorded.
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

  await together(context.signal, [
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
  await together(signal, [
    (stepSignal) => makeOsd(paths, fsid, osd, stepSignal),
    async (stepSignal) => {
      await monitorUp;
      await registerOsd(paths, osd, key, stepSignal);
    },
  ]);
}
