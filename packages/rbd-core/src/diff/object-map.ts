import { imageFeatures, imageFlags } from "../image/index.ts";

/** What an object map says of one object, by Ceph's numbers. */
export const objectState = {
  /** Not there: reads as the parent, or as zeros. */
  nonexistent: 0,
  /** There, and written to since the snapshot before. */
  exists: 1,
  /** Being removed, or left so by a client that died. May be there. */
  pending: 2,
  /** There, and not written to since the snapshot before. */
  existsClean: 3,
} as const;

type ObjectState = 0 | 1 | 2 | 3;

/** Two bits for each object of an image (or of a snapshot of it), packed as Ceph packs them. */
export class ObjectMap {
  /** How many objects. */
  readonly length: number;
  /**
   * The packed states, four objects a byte, the first in the highest bits, as 32-bit words for quick skipping.
   * Bytes past the last object are 0.
   */
  readonly words: Uint32Array;
  readonly #bytes: Uint8Array;

  /** @param packed four objects a byte; copied */
  constructor(length: number, packed: Uint8Array) {
    this.length = length;
    this.words = new Uint32Array(Math.ceil(packed.length / 4));
    this.#bytes = new Uint8Array(this.words.buffer);
    this.#bytes.set(packed);
  }

  /** The state of one object; `nonexistent` for one past the end. */
  state(index: number): ObjectState {
    if (index >= this.length) return objectState.nonexistent;
    const byte = this.#bytes[index >>> 2] as number;
    return ((byte >>> ((3 - (index & 3)) * 2)) & 3) as ObjectState;
  }
}

/** The map of nothing at all: what there was before the first snapshot. */
export const emptyObjectMap = new ObjectMap(0, new Uint8Array(0));

/** How one object changed from one point of an image to a later one. */
type ObjectChange =
  /** It is there, and was written to in between (or was not there before). */
  | "written"
  /** It was there and is not any more. */
  | "discarded";

/** The lower bit of each of the 16 states in a word. */
const lowerBits = 0x5555_5555;

/**
 * Goes through the objects that changed from one snapshot to the next (or to HEAD), in ascending order. The
 * same decisions as librbd's fast-diff, so that the results agree with it; only for neighbours, since a map
 * says "written since the snapshot just before".
 *
 * @param before `emptyObjectMap` for the first snapshot
 */
export function compareObjectMaps(
  before: ObjectMap,
  after: ObjectMap,
  visit: (index: number, change: ObjectChange) => void,
): void {
  const end = Math.max(before.length, after.length);
  const words = Math.ceil(end / 16);
  for (let word = 0; word < words; word++) {
    if (!anyChange(before.words[word] ?? 0, after.words[word] ?? 0)) continue;
    const stop = Math.min(end, (word + 1) * 16);
    for (let index = word * 16; index < stop; index++) {
      const change = changeOf(before.state(index), after.state(index));
      if (change !== undefined) visit(index, change);
    }
  }
}

function changeOf(was: number, is: number): ObjectChange | undefined {
  const { nonexistent, exists, pending } = objectState;
  if (is === exists || is === pending) return "written";
  if (is === nonexistent) return was === nonexistent ? undefined : "discarded";
  return was === nonexistent || was === pending ? "written" : undefined;
}

/** {@link changeOf} for 16 objects at once: nearly all of a thin, quiet image has none. */
function anyChange(was: number, is: number): boolean {
  const isWritten = is ^ (is >>> 1);
  const isClean = is & (is >>> 1);
  const isGone = ~(is | (is >>> 1)) & (was | (was >>> 1));
  return ((isWritten | (isClean & ~was) | isGone) & lowerBits) !== 0;
}

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
