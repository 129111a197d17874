import type { ImageHeader } from "../headers/image-header.ts";
import { hasFastDiff, isTrusted } from "../object-map/is-trusted.ts";

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
