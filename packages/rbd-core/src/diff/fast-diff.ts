import type { Image } from "rbd-native";
import type { ImageHeader } from "../headers/index.ts";
import { imageFeatures, imageFlags } from "../image/index.ts";

const fastDiffFeatures = imageFeatures["object-map"] | imageFeatures["fast-diff"];
const invalidFlags = imageFlags["object map invalid"] | imageFlags["fast diff invalid"];

/** Whether an image with these `RBD_FEATURE_*` bits has object maps that record changes. */
export function hasFastDiff(features: bigint): boolean {
  return (features & fastDiffFeatures) === fastDiffFeatures;
}

/** Whether the object map of a snapshot or of HEAD with these `RBD_FLAG_*` bits is valid. */
export function isTrusted(flags: bigint): boolean {
  return (flags & invalidFlags) === 0n;
}

/** A snapshot, or HEAD. */
interface SizedPoint {
  /** `null`: HEAD. */
  readonly id: bigint | null;
  /** Size of the image at this point, in bytes. */
  readonly size: number;
}

/**
 * Whether an image was smaller at a snapshot between two points than at both of them. librbd's fast-diff combines the
 * object maps of all snapshots in between, and misses data that was cut off by such a shrink.
 *
 * @param snapshots all snapshots of the image, in any order
 */
export function shrinksBetween(
  snapshots: readonly { readonly id: bigint; readonly size: number }[],
  from: SizedPoint & { readonly id: bigint },
  to: SizedPoint,
): boolean {
  const ends = Math.min(from.size, to.size);
  return snapshots.some(({ id, size }) => id > from.id && (to.id === null || id < to.id) && size < ends);
}

/**
 * Whether a diff between two snapshots can rely on the object maps: the maps of both ends and of every snapshot between
 * them exist and are valid, and the image did not shrink in between (see {@link shrinksBetween}).
 *
 * @param to id of the newer snapshot
 * @param from id of the older one; without it the diff begins at the creation of the image
 */
export function hasMaps(header: ImageHeader, to: bigint, from: bigint | undefined): boolean {
  if (!hasFastDiff(header.features)) return false;
  const points = header.snapshots.filter(({ id }) => id <= to && (from === undefined || id >= from));
  if (!points.every(({ flags }) => isTrusted(flags))) return false;
  const [first, last] = [points.at(0), points.at(-1)];
  if (from === undefined || first === undefined || last === undefined) return true;
  return !shrinksBetween(points, first, last);
}

/**
 * Whether a diff of an open image can rely on the object maps, as {@link hasMaps} tells from a header.
 *
 * @param image an image that is set to the end of the diff. It is set to other snapshots and back, so that it must not be
 * used for anything else meanwhile.
 * @param at what the image is set to: a snapshot's id, or `null` for HEAD
 * @param from id of the older snapshot; without it the diff begins at the creation of the image
 * @throws RbdError; the signal's reason
 */
export async function canUseFastDiff(
  image: Image,
  at: bigint | null,
  from: bigint | undefined,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const { signal } = options;
  if (!hasFastDiff(await image.features({ signal }))) return false;
  if (!isTrusted(await image.flags({ signal }))) return false;
  const snapshots = await image.listSnapshots({ signal });
  const start = snapshots.find(({ id }) => id === from);
  const size = await image.size({ signal });
  if (start !== undefined && shrinksBetween(snapshots, start, { id: at, size })) return false;
  const between = snapshots.filter(
    ({ id }) => (from === undefined || id >= from) && (at === null || id < at),
  );
  try {
    for (const { id } of between) {
      await image.setSnapshot(id, { signal });
      if (!isTrusted(await image.flags({ signal }))) return false;
    }
    return true;
  } finally {
    if (between.length > 0) await image.setSnapshot(at);
  }
}
