import { randomUUID } from "node:crypto";
import { chooseMonitorPort, isPortFree } from "../config/ports.ts";
import { clusterDaemons, monitorName } from "../daemons/cluster-daemons.ts";
import { changeMonitorPort, readMonitorPort } from "../daemons/monitor.ts";
import { memoryNeeded, requireMemory } from "../machine/memory.ts";
import { bringUp } from "./bring-up.ts";
import { confMonitorPort } from "./conf-monitor-port.ts";
import type { StartContext } from "./start-context.ts";
import { type ClusterState, type OsdState, writeState } from "./state.ts";
import { writeConf } from "./write-conf.ts";

/** Starts what does not run of a cluster that once was ready; the rest is taken over as it is. */
export async function resumeCluster(context: StartContext, last: ClusterState): Promise<ClusterState> {
  const { paths, options, mgr, signal } = context;
  const state: ClusterState = { ...last, mgr, osds: withMoreOsds(last.osds, options.osds) };
  if (JSON.stringify(state) !== JSON.stringify(last)) await writeState(paths.state, state);
  await requireMemoryForMissing(context, state);
  const daemons = clusterDaemons(paths, state);
  const monitor = daemons.find(({ name }) => name === monitorName);
  const port =
    (await monitor?.pid()) === undefined
      ? await settlePort(context, state)
      : await confMonitorPort(paths.conf);
  await writeConf(paths, state, port, options.conf);
  signal.throwIfAborted();
  return await bringUp(context, state);
}

/** The stopped monitor's port; a new one where somebody else listens on it by now. */
async function settlePort({ paths, onProgress, signal }: StartContext, state: ClusterState): Promise<number> {
  const port = await readMonitorPort(paths, signal);
  if (await isPortFree(port)) return port;
  const next = await chooseMonitorPort(paths.dir, new Set([port]));
  onProgress(`Port ${port} is taken by another program: moving the monitor to ${next}`);
  // The other daemons know the monitor by its old address alone and would never find it again.
  for (const daemon of clusterDaemons(paths, state).toReversed()) await daemon.stop();
  await changeMonitorPort(paths, next, signal);
  return next;
}

async function requireMemoryForMissing({ paths }: StartContext, state: ClusterState): Promise<void> {
  const missing = { mon: 0, mgr: 0, osd: 0 };
  for (const daemon of clusterDaemons(paths, state)) {
    if ((await daemon.pid()) === undefined) missing[daemon.name.slice(0, 3) as keyof typeof missing]++;
  }
  requireMemory(memoryNeeded(missing));
}

function withMoreOsds(osds: readonly OsdState[], wanted: number | undefined): OsdState[] {
  const missing = Math.max(0, (wanted ?? 0) - osds.length);
  const added = Array.from({ length: missing }, (_, index) => ({
    id: osds.length + index,
    uuid: randomUUID(),
    made: false,
  }));
  return [...osds, ...added];
}
