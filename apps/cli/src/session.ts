import type { Command } from "commander";
import {
  type BackupTarget,
  type Cluster,
  CoppiceError,
  connect,
  openDirectoryTarget,
  openPoolTarget,
} from "rbd-core";
import { Output, ProgressLine } from "./output.ts";

/** What a command works with. */
export interface Session {
  readonly cluster: Cluster;
  readonly output: Output;
  readonly progress: ProgressLine;
  /** Aborts at the first Ctrl-C: what is half made is undone. */
  readonly signal: AbortSignal;
}

interface GlobalOptions {
  conf?: string;
  user: string;
  json?: boolean;
}

/**
 * Runs a command on the cluster that the command line names, and disconnects. The first Ctrl-C stops it and undoes what is half
 * made; the second ends the process at once, and `coppice reconcile` finishes or undoes what is left.
 */
export async function withCluster(
  command: Command,
  work: (session: Session) => Promise<void>,
): Promise<void> {
  const { conf, user, json } = command.optsWithGlobals<GlobalOptions>();
  const abort = new AbortController();
  const stop = () => {
    if (abort.signal.aborted) process.exit(130);
    process.stderr.write("\nStopping, and undoing what is half made. Press Ctrl-C again to end at once.\n");
    abort.abort(new DOMException("canceled", "AbortError"));
  };
  process.on("SIGINT", stop).on("SIGTERM", stop);
  try {
    using progress = new ProgressLine();
    await using cluster = await connect({ conf, user, signal: abort.signal });
    await work({ cluster, output: new Output(json === true), progress, signal: abort.signal });
  } finally {
    process.off("SIGINT", stop).off("SIGTERM", stop);
  }
}

/** The options that name a target of backups and the cluster that it is in. */
export interface TargetOptions {
  targetConf?: string;
  targetUser?: string;
}

export function withTargetOptions(command: Command): Command {
  return command
    .option("--target-conf <file>", "the ceph.conf of the target's cluster, when it is another one")
    .option("--target-user <name>", "the Ceph user there, without client.");
}

/** Another cluster, when the options name one; otherwise the session's own. */
export async function targetCluster(
  { cluster, signal }: Session,
  { targetConf, targetUser }: TargetOptions,
  opened: AsyncDisposableStack,
): Promise<Cluster> {
  if (targetConf === undefined && targetUser === undefined) return cluster;
  return opened.use(await connect({ conf: targetConf, user: targetUser, signal }));
}

/**
 * Runs something with the target that `text` names: `pool:NAME[/NAMESPACE]`, or the path of a directory.
 *
 * @param create Makes an empty directory a target.
 */
export async function withTarget<Result>(
  session: Session,
  text: string,
  options: TargetOptions & { create?: boolean },
  work: (target: BackupTarget, cluster: Cluster) => Promise<Result>,
): Promise<Result> {
  await using opened = new AsyncDisposableStack();
  const place = parseTarget(text);
  const cluster = await targetCluster(session, options, opened);
  const { signal } = session;
  const target =
    place.kind === "pool"
      ? await openPoolTarget(cluster, { ...place, signal })
      : await openDirectoryTarget(place.path, { create: options.create });
  return await work(target, cluster);
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` */
export function parseTarget(
  text: string,
): { kind: "pool"; pool: string; namespace?: string } | { kind: "directory"; path: string } {
  const pool = /^pool:([^/]+)(?:\/([^/]+))?$/.exec(text);
  if (pool?.[1] !== undefined) {
    return { kind: "pool", pool: pool[1], ...(pool[2] === undefined ? {} : { namespace: pool[2] }) };
  }
  if (/^(\/|\.\.?(\/|$))/.test(text)) return { kind: "directory", path: text };
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "coppice",
    object: text,
    message: `${JSON.stringify(text)} names no target of backups`,
    hint: "Write pool:NAME or pool:NAME/NAMESPACE, or the path of a directory that begins with / or ./",
  });
}
