import { compareObjectMaps } from "../object-map/compare-object-maps.ts";
import type { ObjectLayout } from "../object-map/object-layout.ts";
import { type ObjectMap, objectState } from "../object-map/object-map.ts";
import type { Difference } from "./zero-delta.ts";

/** Beyond so many a list of them costs more than asking librbd. */
const mostRanges = 100_000;

/**
 * The parts of an image whose objects changed from the first of the maps to the last, in order. Each map must be
 * the one of the snapshot right after the one before; the last is the current state's. Of a striped image the
 * parts are whole sets of objects. `null` when there are too many to list.
 */
export function changedRanges(
  maps: readonly ObjectMap[],
  layout: ObjectLayout,
  size: number,
): Difference[] | null {
  const setBytes = layout.objectSize * layout.stripeCount;
  const isThere = (map: ObjectMap | undefined, object: number) =>
    map !== undefined && map.state(object) !== objectState.nonexistent;
  const [first, last] = [maps[0], maps.at(-1)];
  const sets = new Map<number, boolean>();
  for (const [index, after] of maps.entries()) {
    const before = maps[index - 1];
    if (before === undefined) continue;
    compareObjectMaps(before, after, (object) => {
      if (sets.size > mostRanges) return;
      const set = Math.floor(object / layout.stripeCount);
      const exists = isThere(last, object);
      // It came and went.
      if (!exists && !isThere(first, object)) return;
      sets.set(set, exists || sets.get(set) === true);
    });
  }
  if (sets.size > mostRanges) return null;
  return [...sets]
    .map(([set, exists]) => {
      const offset = set * setBytes;
      return { offset, length: Math.min(setBytes, size - offset), exists };
    })
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.offset - b.offset);
}
