import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { DevClusterError, orUndefined } from "../errors.ts";

/** The Debian and Ubuntu package that brings each program. */
const packageOf = {
  ceph: "ceph-common",
  "ceph-authtool": "ceph-common",
  "ceph-mgr": "ceph-mgr",
  "ceph-mon": "ceph-mon",
  "ceph-osd": "ceph-osd",
  monmaptool: "ceph-base",
  rbd: "ceph-common",
} as const;

export type Binary = keyof typeof packageOf;

/** @throws DevClusterError MISSING_PACKAGES naming the packages to install. */
export async function requireBinaries(
  needed: readonly Binary[],
  path = process.env.PATH ?? "",
): Promise<void> {
  const missing: Binary[] = [];
  for (const binary of needed) {
    if (!(await isOnPath(binary, path))) missing.push(binary);
  }
  if (missing.length === 0) return;
  const packages = [...new Set(missing.map((binary) => packageOf[binary]))].sort();
  throw new DevClusterError("MISSING_PACKAGES", `Not installed: ${missing.join(", ")}.`, {
    call: "access",
    object: missing.join(" "),
    hint: `Install them: apt-get install --no-install-recommends ${packages.join(" ")}`,
  });
}

async function isOnPath(binary: string, path: string): Promise<boolean> {
  for (const folder of path.split(delimiter)) {
    try {
      await access(join(folder, binary), constants.X_OK);
      return true;
    } catch {
      // It is not in this folder; if it is in none, the caller throws MISSING_PACKAGES.
    }
  }
  return false;
}

const MiB = 1024 ** 2;

/** The memory that the daemons use shortly after their start, in bytes; measured on Ceph 16, rounded up. */
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

const triplets: Readonly<Record<string, string>> = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** The folders in which distributions install the classes. */
const usual = [
  `/usr/lib/${triplets[process.arch] ?? process.arch}/rados-classes`,
  "/usr/lib64/rados-classes",
  "/usr/lib/rados-classes",
];

/**
 * The folder of the object classes that OSDs load, without which there is no RBD; undefined when it is in none of the
 * places. Debian 13's Ceph names a relative one by itself, which only daemons that run in "/" find.
 */
export async function objectClassFolder(folders: readonly string[] = usual): Promise<string | undefined> {
  for (const folder of folders) {
    const found = await orUndefined(access(join(folder, "libcls_rbd.so")).then(() => folder));
    if (found !== undefined) return found;
  }
  return undefined;
}
