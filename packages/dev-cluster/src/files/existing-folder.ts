import { realpath } from "node:fs/promises";
import { DevClusterError, systemErrno } from "../errors.ts";
import { isMissing } from "./missing.ts";

/**
 * The folder's path without symbolic links; undefined when there is none.
 * @throws DevClusterError UNSUITABLE_FOLDER when it cannot be looked at.
 */
export async function existingFolder(dir: string): Promise<string | undefined> {
  try {
    return await realpath(dir);
  } catch (cause) {
    if (isMissing(cause)) return undefined;
    throw new DevClusterError("UNSUITABLE_FOLDER", `The folder ${dir} cannot be looked at.`, {
      call: "realpath",
      object: dir,
      errno: systemErrno(cause),
      hint: "Try again as the user who started the cluster.",
      cause,
    });
  }
}
