import type { Image } from "rbd-native";
import type { ImageHeader } from "../headers/index.ts";
import { hasFastDiff, isTrusted } from "./object-map.ts";

/**
 * Whether the object maps of both ends of a diff, and of every snapshot between them, are there and not marked as
 * wrong, and can tell all that happened. librbd combines the maps of all of them, and forgets what was cut off where
 * the image was smaller in between than at both ends.
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
  if (!hasFastDiff(await image.features({ signal }))) return false;
  if (!isTrusted(await image.flags({ signal }))) return false;
  const snapshots = await image.listSnapshots({ signal });
  if (await shrinksBetween(image, snapshots, at, from)) return false;
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

async function shrinksBetween(
  image: Image,
  snapshots: readonly { readonly id: bigint; readonly size: number }[],
  at: bigint | null,
  from: bigint | undefined,
): Promise<boolean> {
  const start = snapshots.find(({ id }) => id === from);
  if (start === undefined) return false;
  const ends = Math.min(start.size, await image.size());
  return snapshots.some(({ id, size }) => id > start.id && (at === null || id < at) && size < ends);
}

/**
 * Whether the object maps of both ends of a diff between snapshots, and of every snapshot between them, are there and
 * not marked as wrong, and can tell all that happened. librbd combines the maps of all of them, and forgets what was
 * cut off where the image was smaller in between than at both ends.
 *
 * @param to The newer snapshot's id.
 * @param from The older one's; without it the diff begins at the image's creation.
 */
export function hasMaps(header: ImageHeader, to: bigint, from: bigint | undefined): boolean {
  if (!hasFastDiff(header.features)) return false;
  const points = header.snapshots.filter(({ id }) => id <= to && (from === undefined || id >= from));
  if (!points.every(({ flags }) => isTrusted(flags))) return false;
  if (from === undefined) return true;
  const ends = Math.min(points.at(0)?.size ?? 0, points.at(-1)?.size ?? 0);
  return points.every(({ size }) => size >= ends);
}
