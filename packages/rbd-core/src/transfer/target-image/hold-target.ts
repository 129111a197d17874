import type { Image } from "rbd-native";
import { CoppiceError } from "../../errors/coppice-error.ts";
import { imageFeatures } from "../../image/features.ts";

/**
 * Sees to it that nobody else writes to an image until it is closed: nobody else may have it open for writing, and
 * its exclusive lock is taken, where it has one. Asked for the lock, a virtual machine would give it up, and lose its
 * disk.
 *
 * @param spec For the error.
 * @throws {CoppiceError} `BUSY`; RbdError when another client keeps the lock.
 */
export async function holdTarget(image: Image, spec: string, signal?: AbortSignal): Promise<void> {
  refuseOthers((await image.listWatchers({ signal })).length - 1, spec);
  if (((await image.features({ signal })) & imageFeatures["exclusive-lock"]) === 0n) return;
  await image.acquireExclusiveLock({ signal });
}

/**
 * @param others How many have the image open for writing.
 * @throws {CoppiceError} `BUSY`
 */
export function refuseOthers(others: number, spec: string): void {
  if (others <= 0) return;
  throw new CoppiceError({
    code: "BUSY",
    call: "holdTarget",
    object: spec,
    message: `${spec} is open elsewhere: it has ${others === 1 ? "another watcher" : `${others} other watchers`}`,
    hint: "Stop what uses it. A client that died lets go after half a minute.",
  });
}
