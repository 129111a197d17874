import { readdir } from "node:fs/promises";
import { basename } from "node:path";
import { toolMark } from "./environment.ts";
import {
  identifyProcess,
  type ProcessIdentity,
  processArguments,
  processVariable,
} from "./process-identity.ts";

/** What a process is to the cluster. */
export interface ClusterRole {
  /** `daemon`: one that serves; `tool`: a `--mkfs`, a `ceph osd new` or the like that some start runs. */
  readonly role: "daemon" | "tool";
  /** `mon.a`, `mgr.x`, `osd.0`; for a tool the program's name. */
  readonly name: string;
  /** What a daemon was started for; another one than the folder's means: left by a cluster since deleted. */
  readonly fsid?: string | undefined;
}

export type ClusterProcess = ProcessIdentity & ClusterRole;

const typeOfBinary: Readonly<Record<string, string>> = {
  "ceph-mon": "mon",
  "ceph-mgr": "mgr",
  "ceph-osd": "osd",
};

/** What a process's arguments say, or undefined when it is no daemon of this cluster. */
export function recogniseDaemon(args: readonly string[], conf: string): ClusterRole | undefined {
  const type = typeOfBinary[basename(args[0] ?? "")];
  const id = argumentAfter(args, "--id");
  if (type === undefined || id === undefined || argumentAfter(args, "--conf") !== conf) return undefined;
  if (!args.includes("--foreground")) return undefined;
  return { role: "daemon", name: `${type}.${id}`, fsid: argumentAfter(args, "--fsid") };
}

/**
 * Finds the cluster's daemons by their arguments, and the tools that starts run by the mark in their
 * environment. /proc is the one source of truth about what runs: no pid file can be stale, missing or name
 * a stranger.
 */
export async function findClusterProcesses(conf: string): Promise<ClusterProcess[]> {
  const entries = await readdir("/proc");
  const pids = entries.filter((entry) => /^\d+$/.test(entry)).map(Number);
  const found = await Promise.all(pids.map((pid) => inspect(pid, conf)));
  return found.filter((process) => process !== undefined);
}

async function inspect(pid: number, conf: string): Promise<ClusterProcess | undefined> {
  const args = await processArguments(pid);
  if (args === undefined) return undefined;
  const recognised = recogniseDaemon(args, conf) ?? (await recogniseTool(pid, args, conf));
  if (recognised === undefined) return undefined;
  const identity = await identifyProcess(pid);
  return identity === undefined ? undefined : { ...identity, ...recognised };
}

async function recogniseTool(
  pid: number,
  args: readonly string[],
  conf: string,
): Promise<ClusterRole | undefined> {
  if ((await processVariable(pid, toolMark)) !== conf) return undefined;
  return { role: "tool", name: basename(args[0] ?? "") };
}

function argumentAfter(args: readonly string[], flag: string): string | undefined {
  const index = args.indexOf(flag);
  return index < 0 ? undefined : args[index + 1];
}
