import { open, realpath, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { DevClusterError, isMissing, systemErrno } from "../errors.ts";

/**
 * Replaces a file atomically, readable by its owner only (0600). After a crash, even of the machine, it holds either the
 * old text or the new one; after this returns, the new one.
 */
export async function writeFileAtomically(path: string, text: string): Promise<void> {
  const temporary = `${path}.new`;
  const file = await open(temporary, "w", 0o600);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await rename(temporary, path);
  const folder = await open(dirname(path));
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/**
 * The folder's path without symbolic links; undefined when there is none.
 * @throws DevClusterError UNSUITABLE_FOLDER when it cannot be accessed.
 */
export async function existingFolder(dir: string): Promise<string | undefined> {
  try {
    return await realpath(dir);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new DevClusterError("UNSUITABLE_FOLDER", `The folder ${dir} cannot be accessed.`, {
      call: "realpath",
      object: dir,
      errno: systemErrno(cause),
      hint: "Try again as the user who started the cluster.",
      cause,
    });
  }
}
