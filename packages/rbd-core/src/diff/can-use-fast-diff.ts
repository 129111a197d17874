import type { Image } from "rbd-native";
import { imageFeatures, imageFlags } from "../image/features.ts";

const needed = imageFeatures["object-map"] | imageFeatures["fast-diff"];
const invalid = imageFlags["object map invalid"] | imageFlags["fast diff invalid"];

/**
 * Whether the object maps of both ends of a diff, and of every snapshot between them, are there and not marked as
 * wrong. librbd combines the maps of all of them.
 *
 * @param image Standing where the diff leads to; used for nothing else meanwhile. It is set to other snapshots and
 * back.
 * @param at What it stands at: a snapshot's id, or null for the head.
 * @param from The older snapshot's id; without it the diff begins at the image's creation.
 */
export async function canUseFastDiff(
  image: Image,
  at: bigint | null,
  from: bigint | undefined,
  options: { readonly signal?: AbortSignal | undefined } = {},
): Promise<boolean> {
  const { signal } = options;
  if (((await image.features({ signal })) & needed) !== needed) return false;
  if (((await image.flags({ signal })) & invalid) !== 0n) return false;
  const snapshots = await image.listSnapshots({ signal });
  const between = snapshots.filter(
    ({ id }) => (from === undefined || id >= from) && (at === null || id < at),
  );
  try {
    for (const { id } of between) {
      await image.setSnapshot(id, { signal });
      if (((await image.flags({ signal })) & invalid) !== 0n) return false;
    }
    return true;
  } finally {
    if (between.length > 0) await image.setSnapshot(at);
  }
}
