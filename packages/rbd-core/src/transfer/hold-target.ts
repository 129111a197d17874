import type { Image } from "rbd-native";
import { imageFeatures } from "../image/features.ts";

/**
 * Takes an image's exclusive lock, where it has one, so that nobody else writes to it until it is closed.
 *
 * @throws RbdError when another client keeps it.
 */
export async function holdTarget(image: Image, signal?: AbortSignal): Promise<void> {
  if (((await image.features({ signal })) & imageFeatures["exclusive-lock"]) === 0n) return;
  await image.acquireExclusiveLock({ signal });
}
