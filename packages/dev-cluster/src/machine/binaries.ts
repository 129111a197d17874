import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import { DevClusterError } from "../errors.ts";

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
      // Not in this folder: the next one, and at the end MISSING_PACKAGES, tells.
    }
  }
  return false;
}
