import { systemErrorCode } from "../errors.ts";

/** Whether an error says that a path, or a folder on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The promise's value, or undefined when it fails because a path is not there. */
export async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
