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

export type ObjectState = 0 | 1 | 2 | 3;

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
