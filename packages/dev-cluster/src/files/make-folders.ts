import { mkdir, stat } from "node:fs/promises";
import { dirname, resolve } from "node:path";
import { systemErrorCode } from "../errors.ts";
import { orUndefined } from "./missing.ts";

/**
 * Makes a folder for its owner alone (0700), and what is missing above it. Step by step, because Node's own
 * recursive mkdir never returns where the system answers ENOENT for a folder that is there (/proc).
 */
export async function makeFolders(path: string): Promise<void> {
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
      // Another start of the same cluster came first.
      if (systemErrorCode(error) !== "EEXIST") throw error;
    }
  }
}
