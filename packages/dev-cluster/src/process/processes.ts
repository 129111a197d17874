import { readdir, readFile } from "node:fs/promises";
import { basename } from "node:path";
import { DevClusterError, systemErrorCode } from "../errors.ts";
import { waitUntil } from "./concurrency.ts";
import { toolMark } from "./run-tool.ts";

/** The role of a process in the cluster. */
interface ClusterRole {
  /** `daemon`: one that serves; `tool`: a `--mkfs`, a `ceph osd new` or the like that some start runs. */
  readonly role: "daemon" | "tool";
  /** `mon.a`, `mgr.x`, `osd.0`; for a tool the program's name. */
  readonly name: string;
  /** The fsid that a daemon was started with; one that differs from the folder's belongs to a deleted cluster. */
  readonly fsid?: string | undefined;
}

export type ClusterProcess = ProcessIdentity & ClusterRole;

const typeOfBinary: Readonly<Record<string, string>> = {
  "ceph-mon": "mon",
  "ceph-mgr": "mgr",
  "ceph-osd": "osd",
};

/** The role that a process's arguments name, or undefined when it is no daemon of this cluster. */
export function recogniseDaemon(args: readonly string[], conf: string): ClusterRole | undefined {
  const type = typeOfBinary[basename(args[0] ?? "")];
  const id = argumentAfter(args, "--id");
  if (type === undefined || id === undefined || argumentAfter(args, "--conf") !== conf) return undefined;
  if (!args.includes("--foreground")) return undefined;
  return { role: "daemon", name: `${type}.${id}`, fsid: argumentAfter(args, "--fsid") };
}

/**
 * Finds the cluster's daemons by their arguments, and the tools that starts run by the mark in their
 * environment. /proc is the only source: a pid file could be stale, missing, or name
 * an unrelated process.
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

/**
 * One process, told apart from a later one with the same number by its start time (field 22 of
 * `/proc/PID/stat`, clock ticks since boot).
 */
interface ProcessIdentity {
  readonly pid: number;
  readonly startedAt: string;
}

/** @returns undefined when there is no such process, or only a zombie is left of it. */
export async function identifyProcess(pid: number): Promise<ProcessIdentity | undefined> {
  const text = await readProcFile(pid, "stat");
  const stat = text === undefined ? undefined : parseStat(text);
  return stat === undefined || stat.ended ? undefined : { pid, startedAt: stat.startedAt };
}

export async function isAlive(identity: ProcessIdentity): Promise<boolean> {
  return (await identifyProcess(identity.pid))?.startedAt === identity.startedAt;
}

/** Sends `signal` if this process still runs. */
export async function signalProcess(identity: ProcessIdentity, signal: NodeJS.Signals): Promise<void> {
  if (!(await isAlive(identity))) return;
  try {
    process.kill(identity.pid, signal);
  } catch (error) {
    if (systemErrorCode(error) !== "ESRCH") throw error;
  }
}

/** The arguments a process was started with; undefined when it is gone. */
export async function processArguments(pid: number): Promise<string[] | undefined> {
  const text = await readProcFile(pid, "cmdline");
  return text === undefined || text === "" ? undefined : text.replace(/\0$/, "").split("\0");
}

/** A variable of the environment a process was started with; undefined also without permission to read it. */
async function processVariable(pid: number, name: string): Promise<string | undefined> {
  const text = (await readProcFile(pid, "environ")) ?? "";
  const entry = text.split("\0").find((candidate) => candidate.startsWith(`${name}=`));
  return entry?.slice(name.length + 1);
}

/**
 * Whether the process has ended, and its start time. It has not while a thread of it lives: killed, the
 * first thread can be a zombie already while others still hold its ports, files and locks.
 */
export function parseStat(stat: string): { ended: boolean; startedAt: string } | undefined {
  // The name in parentheses may itself hold blanks and parentheses.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, threads, startedAt] = [fields[0], fields[17], fields[19]];
  if (state === undefined || threads === undefined || startedAt === undefined) return undefined;
  return { ended: (state === "Z" || state === "X") && Number(threads) <= 1, startedAt };
}

async function readProcFile(pid: number, file: string): Promise<string | undefined> {
  try {
    return await readFile(`/proc/${pid}/${file}`, "utf8");
  } catch (error) {
    // The process ended before or during the read, or it belongs to another user and hidepid hides it.
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}

/** Waits until none of the processes is alive. @throws DevClusterError TIMED_OUT */
async function waitForEnd(
  processes: readonly ProcessIdentity[],
  what: string,
  deadlineMs: number,
): Promise<void> {
  await waitUntil({ what: `${what} to end`, deadlineMs, intervalMs: 20 }, async () => {
    const alive = await Promise.all(processes.map(isAlive));
    return !alive.includes(true);
  });
}

/** Sends SIGKILL, then waits until the processes have ended. */
export async function killProcesses(processes: readonly ProcessIdentity[], what: string): Promise<void> {
  await Promise.all(processes.map((process) => signalProcess(process, "SIGKILL")));
  await waitForEnd(processes, what, 10_000);
}

/**
 * Sends SIGTERM, and SIGKILL to the processes that still run at the deadline.
 * @returns whether they ended by themselves.
 */
export async function terminateProcesses(
  processes: readonly ProcessIdentity[],
  what: string,
  deadlineMs: number,
): Promise<boolean> {
  await Promise.all(processes.map((process) => signalProcess(process, "SIGTERM")));
  try {
    await waitForEnd(processes, what, deadlineMs);
    return true;
  } catch (error) {
    if (!(error instanceof DevClusterError) || error.code !== "TIMED_OUT") throw error;
    await killProcesses(processes, what);
    return false;
  }
}
