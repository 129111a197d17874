import { lstat, mkdir } from "node:fs/promises";
import { DevClusterError } from "../errors.ts";

/**
 * Makes the folder for admin sockets. It can be in /tmp, where somebody else could have put something
 * under its name: only a real folder of our own, closed to others, is good.
 * @throws DevClusterError UNSUITABLE_FOLDER.
 */
export async function prepareRunFolder(path: string, uid: number): Promise<void> {
  await mkdir(path, { recursive: true, mode: 0o700 });
  const found = await lstat(path);
  if (found.isDirectory() && found.uid === uid && (found.mode & 0o077) === 0) return;
  throw new DevClusterError("UNSUITABLE_FOLDER", `${path} is not a folder of this user alone.`, {
    call: "lstat",
    object: path,
    hint: "Remove it, then start again.",
  });
}
