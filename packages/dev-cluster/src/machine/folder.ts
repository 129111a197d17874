import { constants, lstat, mkdir, open, realpath, rm, stat, statfs } from "node:fs/promises";
import { dirname, join, resolve } from "node:path";
import { DevClusterError, orUndefined, systemErrno, systemErrorCode } from "../errors.ts";

const GiB = 1024 ** 3;
/** With less, a new cluster would soon fill the disk: an empty OSD alone writes about 300 MiB. */
const leastFreeBytes = 2 * GiB;
const defaultOsdBytes = 64 * GiB;

/**
 * Makes the folder (0700) if need be and returns its path without symbolic links.
 * @throws DevClusterError UNSUITABLE_FOLDER when it cannot be made or its path cannot stand in a conf.
 */
export async function prepareFolder(dir: string): Promise<string> {
  requireNameable(resolve(dir));
  let real: string;
  try {
    await makeFolders(dir);
    real = await realpath(dir);
  } catch (cause) {
    throw unsuitable(dir, `cannot be made (${systemErrorCode(cause) ?? "unknown error"})`, cause);
  }
  requireNameable(real);
  if ((await stat(real)).isDirectory()) return real;
  throw unsuitable(real, "is not a folder");
}

/**
 * A cluster belongs to one user: daemons of another user, also of root, would leave files that its owner can no longer
 * change.
 * @param path something in the folder that the cluster's first start made.
 * @throws DevClusterError UNSUITABLE_FOLDER.
 */
export async function requireOwner(path: string, uid: number = currentUid()): Promise<void> {
  const owner = (await lstat(path)).uid;
  if (owner !== uid) throw unsuitable(dirname(path), `holds a cluster of user ${owner}, this is user ${uid}`);
}

/**
 * Opens a file with direct I/O, as BlueStore does, to check that the folder supports it.
 * @throws DevClusterError UNSUITABLE_FOLDER.
 */
export async function requireDirectIo(dir: string): Promise<void> {
  const probe = join(dir, ".direct-io");
  try {
    const file = await open(probe, constants.O_CREAT | constants.O_RDWR | constants.O_DIRECT, 0o600);
    await file.close();
  } catch (cause) {
    const why =
      systemErrorCode(cause) === "EINVAL" ? "is on a file system without direct I/O" : "cannot be written";
    throw unsuitable(dir, why, cause);
  } finally {
    await rm(probe, { force: true });
  }
}

/**
 * The size in bytes for a new OSD's sparse file: the wanted one, or 64 GiB but never more than three
 * quarters of what is free.
 * @throws DevClusterError TOO_LITTLE_SPACE.
 */
export async function chooseOsdBytes(dir: string, wantedGiB: number | undefined): Promise<number> {
  const { bavail, bsize } = await statfs(dir);
  return osdBytesFor(dir, bavail * bsize, wantedGiB);
}

export function osdBytesFor(dir: string, freeBytes: number, wantedGiB: number | undefined): number {
  if (freeBytes < leastFreeBytes) {
    throw new DevClusterError(
      "TOO_LITTLE_SPACE",
      `The disk of ${dir} has ${(freeBytes / GiB).toFixed(1)} GiB free, a new cluster needs ${leastFreeBytes / GiB} GiB.`,
      { call: "statfs", object: dir, hint: "Free some space or choose a folder on another disk." },
    );
  }
  const bytes = wantedGiB === undefined ? Math.min(defaultOsdBytes, freeBytes * 0.75) : wantedGiB * GiB;
  // BlueStore wants whole blocks; whole MiB are whole blocks.
  return Math.floor(bytes / 1024 ** 2) * 1024 ** 2;
}

/**
 * Whether Ceph's clients accept this path with `--conf`: they split it as a list at commas and semicolons, and
 * substitute `$name`.
 */
export function isNameable(path: string): boolean {
  return ![...path].some((character) => character < " " || ",;$\u007f".includes(character));
}

function requireNameable(path: string): void {
  if (isNameable(path)) return;
  throw unsuitable(path, "has a comma, semicolon, dollar sign or control character in its path");
}

function unsuitable(dir: string, why: string, cause?: unknown): DevClusterError {
  return new DevClusterError("UNSUITABLE_FOLDER", `The folder ${dir} ${why}.`, {
    call: "open",
    object: dir,
    errno: systemErrno(cause),
    hint: "Choose another folder, on a local disk and your own.",
    cause,
  });
}

/**
 * Makes a folder for its owner alone (0700), and what is missing above it. Step by step, because Node's own
 * recursive mkdir never returns where the system answers ENOENT for a folder that is there (/proc).
 */
async function makeFolders(path: string): Promise<void> {
  const missing: string[] = [];
  let ancestor = resolve(path);
  while ((await orUndefined(stat(ancestor))) === undefined && dirname(ancestor) !== ancestor) {
    missing.push(ancestor);
    ancestor = dirname(ancestor);
  }
  for (const [index, folder] of missing.toReversed().entries()) {
    try {
      await mkdir(folder, index === missing.length - 1 ? { mode: 0o700 } : {});
    } catch (error) {
      // Another start of the same cluster has made it.
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
  }
}

/** The user that the daemons run as: the caller's own, root too. */
export function currentUid(): number {
  // Defined on every system that has Ceph's daemons.
  return process.getuid?.() ?? 0;
}
