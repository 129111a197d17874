import { DevClusterError } from "../errors.ts";

const MiB = 1024 ** 2;

/** What the daemons use soon after their start, in bytes; measured on Ceph 16, rounded up. */
export function memoryNeeded(daemons: { mon: number; mgr: number; osd: number }): number {
  return (daemons.mon * 96 + daemons.mgr * 400 + daemons.osd * 192) * MiB;
}

/** @throws DevClusterError TOO_LITTLE_MEMORY. `available` honours the limit of a container. */
export function requireMemory(needed: number, available: number = process.availableMemory()): void {
  if (available >= needed) return;
  const mib = (bytes: number) => `${Math.floor(bytes / MiB)} MiB`;
  throw new DevClusterError(
    "TOO_LITTLE_MEMORY",
    `The cluster's daemons need about ${mib(needed)} of memory, ${mib(available)} is available.`,
    { call: "availableMemory", hint: "Close other programs, or start without a manager (--no-mgr)." },
  );
}
