import { readFile } from "node:fs/promises";
import { systemErrorCode } from "../errors.ts";

/**
 * One process, told apart from a later one with the same number by its start time (field 22 of
 * `/proc/PID/stat`, clock ticks since boot).
 */
export interface ProcessIdentity {
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

/** Sends `signal` if the very process still runs. */
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

/** A variable of the environment a process was started with; undefined also when we may not look. */
export async function processVariable(pid: number, name: string): Promise<string | undefined> {
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
    // Gone before or while it was read, or somebody else's behind hidepid.
    if (["ENOENT", "ESRCH", "EACCES", "EPERM"].includes(systemErrorCode(error) ?? "")) return undefined;
    throw error;
  }
}
