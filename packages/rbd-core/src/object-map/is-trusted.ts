import { imageFeatures, imageFlags } from "../image/features.ts";

const needed = imageFeatures["object-map"] | imageFeatures["fast-diff"];
const invalid = imageFlags["object map invalid"] | imageFlags["fast diff invalid"];

/** Whether an image with these `RBD_FEATURE_*` bits has object maps that tell what changed. */
export function hasFastDiff(features: bigint): boolean {
  return (features & needed) === needed;
}

/** Whether Ceph does not call the object map of a point with these `RBD_FLAG_*` bits wrong. */
export function isTrusted(flags: bigint): boolean {
  return (flags & invalid) === 0n;
}
