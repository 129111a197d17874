import { type ObjectMap, objectState } from "./object-map.ts";

/** How one object changed from one point of an image to a later one. */
export type ObjectChange =
  /** It is there, and was written to in between (or was not there before). */
  | "written"
  /** It was there and is not any more. */
  | "discarded";

/**
 * Goes through the objects that changed from one snapshot to the next (or to HEAD), in ascending order. The
 * same decisions as librbd's fast-diff, so that the results agree with it; only for neighbours, since a map
 * says "written since the snapshot just before".
 *
 * @param before {@link emptyObjectMap} for the first snapshot
 */
export function compareObjectMaps(
  before: ObjectMap,
  after: ObjectMap,
  visit: (index: number, change: ObjectChange) => void,
): void {
  const { nonexistent, exists, pending } = objectState;
  const end = Math.max(before.length, after.length);
  const words = Math.ceil(end / 16);
  for (let word = 0; word < words; word++) {
    if ((before.words[word] ?? 0) === 0 && (after.words[word] ?? 0) === 0) continue;
    const stop = Math.min(end, (word + 1) * 16);
    for (let index = word * 16; index < stop; index++) {
      const was = before.state(index);
      const is = after.state(index);
      if (is === exists || is === pending) visit(index, "written");
      else if (is === nonexistent) {
        if (was !== nonexistent) visit(index, "discarded");
      } else if (was === nonexistent || was === pending) visit(index, "written");
    }
  }
}
