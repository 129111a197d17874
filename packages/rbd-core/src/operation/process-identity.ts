import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";
import { z } from "zod";

/**
 * Which process does something, so that another one on the same machine can find out whether it still lives. A process
 * id alone does not tell: ids are used again, and every container and every start of the machine counts anew.
 */
export const processIdentitySchema = z.strictObject({
  /** For people. */
  host: z.string(),
  pid: z.int().min(1),
  /** `/proc/sys/kernel/random/boot_id`; empty where there is none. */
  bootId: z.string(),
  /** What `/proc/self/ns/pid` points to: process ids mean something only within one namespace. */
  pidNamespace: z.string(),
  /** When the process started, in clock ticks since the machine did (field 22 of `/proc/<pid>/stat`). */
  startTicks: z.string(),
});

export type ProcessIdentity = z.infer<typeof processIdentitySchema>;

let own: ProcessIdentity | undefined;

/** This process. */
export function thisProcess(): ProcessIdentity {
  own ??= {
    host: hostname(),
    pid: process.pid,
    bootId: readOrEmpty(() => readFileSync("/proc/sys/kernel/random/boot_id", "utf8").trim()),
    pidNamespace: readOrEmpty(() => readlinkSync("/proc/self/ns/pid")),
    startTicks: startTicksOf(process.pid),
  };
  return own;
}

/**
 * Whether a process is known to have ended. Only a process of this machine, of this start of it and of this process
 * namespace can be known; of any other one the answer is false.
 */
export function isKnownDead(other: ProcessIdentity, here: ProcessIdentity = thisProcess()): boolean {
  if (here.bootId === "" || here.pidNamespace === "" || here.startTicks === "") return false;
  if (other.bootId !== here.bootId || other.pidNamespace !== here.pidNamespace) return false;
  return startTicksOf(other.pid) !== other.startTicks;
}

/** Empty when there is no such process, or when it has ended and its parent has not collected it yet. */
function startTicksOf(pid: number): string {
  const stat = readOrEmpty(() => readFileSync(`/proc/${pid}/stat`, "utf8"));
  // The second field is the command in parentheses, which may hold spaces and parentheses itself.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const [state, startTicks] = [fields[0], fields[19]];
  return state === "Z" || state === "X" ? "" : (startTicks ?? "");
}

/** What `/proc` does not tell is not known: systems other than Linux have none. */
function readOrEmpty(read: () => string): string {
  try {
    return read();
  } catch {
    return "";
  }
}
