import type { Daemon } from "../daemons/daemon.ts";
import type { StartOptions } from "./options.ts";
import type { ClusterPaths } from "./paths.ts";

/** What the steps of one start share. */
export interface StartContext {
  readonly paths: ClusterPaths;
  readonly options: StartOptions;
  readonly mgr: boolean;
  readonly onProgress: (step: string) => void;
  readonly signal: AbortSignal;
  /** The daemons that this start brought up, to be stopped if it fails. */
  readonly started: Daemon[];
}

/** Starts a daemon, or takes over the running one. */
export async function startDaemon(context: StartContext, daemon: Daemon, signal: AbortSignal): Promise<void> {
  const pid = await daemon.pid();
  context.onProgress(
    pid === undefined ? `Starting ${daemon.name}` : `Taking over ${daemon.name} (process ${pid})`,
  );
  if (pid === undefined) context.started.push(daemon);
  await daemon.start(signal);
}

/** Undoes what a failed start brought up, the last one first. */
export async function stopStarted(context: StartContext): Promise<void> {
  for (const daemon of context.started.toReversed()) await daemon.stop();
}
