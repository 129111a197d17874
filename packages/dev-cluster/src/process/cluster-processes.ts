import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { identifyProcess, type ProcessIdentity, processArguments } from "./process-identity.ts";

/** A process of Ceph that was started with this cluster's conf. */
export interface ClusterProcess extends ProcessIdentity {
  /** `mon.a`, `mgr.x`, `osd.0`. */
  readonly daemon: string;
  /** The fsid it was started for; another one than the folder's means: left by a cluster since deleted. */
  readonly fsid: string | undefined;
  /** serving: the daemon itself; preparing: a `--mkfs` or the like that a killed start left behind. */
  readonly role: "serving" | "preparing";
}

const typeOfBinary: Readonly<Record<string, string>> = {
  "ceph-mon": "mon",
  "ceph-mgr": "mgr",
  "ceph-osd": "osd",
};

/** What one daemon's arguments say, or undefined when they are not of this cluster. */
export function recogniseDaemon(
  args: readonly string[],
  conf: string,
): Pick<ClusterProcess, "daemon" | "fsid" | "role"> | undefined {
  const type = typeOfBinary[basename(args[0] ?? "")];
  const id = argumentAfter(args, "--id");
  if (type === undefined || id === undefined || argumentAfter(args, "--conf") !== conf) return undefined;
  return {
    daemon: `${type}.${id}`,
    fsid: argumentAfter(args, "--fsid"),
    role: args.includes("--foreground") ? "serving" : "preparing",
  };
}

/**
 * Finds the cluster's processes in /proc. This is the one source of truth about what runs: no pid file
 * can be stale, missing or name a stranger.
 */
export async function findClusterProcesses(conf: string): Promise<ClusterProcess[]> {
  const entries = await readdir("/proc");
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map((pid) => inspect(pid, conf)));
  return found.filter((process) => process !== undefined);
}

async function inspect(pid: number, conf: string): Promise<ClusterProcess | undefined> {
  const args = await processArguments(pid);
  const recognised = args === undefined ? undefined : recogniseDaemon(args, conf);
  if (recognised === undefined) return undefined;
  const identity = await identifyProcess(pid);
  return identity === undefined ? undefined : { ...identity, ...recognised };
}

function argumentAfter(args: readonly string[], flag: string): string | undefined {
  const index = args.indexOf(flag);
  return index < 0 ? undefined : args[index + 1];
}
