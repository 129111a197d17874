import { chooseMonitorPort, isPortFree } from "../config/ports.ts";
import { readConfPort, writeConf } from "../config/write-conf.ts";
import { clusterDaemons, monitorName } from "../daemons/cluster-daemons.ts";
import type { Daemon } from "../daemons/daemon.ts";
import { changeMonitorPort, readMonitorPort } from "../daemons/monitor.ts";
import { DevClusterError } from "../errors.ts";
import { type StartContext, startDaemon } from "./start-context.ts";
import type { ClusterState } from "./state.ts";

/**
 * Writes the conf and starts the monitor, on another port where somebody else has taken its own. Only the
 * monitor's bind decides who has a port: losing it between our look and the bind moves it once more.
 */
export async function startMonitor(
  context: StartContext,
  state: ClusterState,
  signal: AbortSignal,
): Promise<void> {
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
