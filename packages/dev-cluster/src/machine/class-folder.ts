import { access } from "node:fs/promises";
import { join } from "node:path";
import { orUndefined } from "../files/missing.ts";

const triplets: Readonly<Record<string, string>> = { x64: "x86_64-linux-gnu", arm64: "aarch64-linux-gnu" };

/** Where distributions put them. */
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
