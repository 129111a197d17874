import { describe, expect, it } from "vitest";
import { changedRanges } from "../../../src/clone/search/zero-delta.ts";
import { ObjectMap } from "../../../src/diff/object-map.ts";

/** A map of these states, in Ceph's numbers: 0 absent, 1 written, 3 there and unchanged. */
function map(...states: number[]): ObjectMap {
  const packed = new Uint8Array(Math.ceil(states.length / 4));
  for (const [i, state] of states.entries())
    packed[i >> 2] = (packed[i >> 2] ?? 0) | (state << ((3 - (i & 3)) * 2));
  return new ObjectMap(states.length, packed);
}

const plain = { objectSize: 10, stripeUnit: 10, stripeCount: 1 };

describe("changedRanges", () => {
  it("is empty when nothing was written since the snapshot", () => {
    expect(changedRanges([map(1, 0, 3, 1), map(3, 0, 3, 3)], plain, 40)).toEqual([]);
  });

  it("has what was written, and what is gone, in order, up to the image's end", () => {
    expect(changedRanges([map(1, 1, 0, 0), map(0, 3, 0, 1)], plain, 37)).toEqual([
      { offset: 0, length: 10, exists: false },
      { offset: 30, length: 7, exists: true },
    ]);
  });

  it("adds up the changes between, except objects that were created and removed again", () => {
    const layers = [map(1, 0, 0, 1), map(1, 1, 0, 3), map(3, 0, 1, 3)];
    expect(changedRanges(layers, plain, 40)).toEqual([
      { offset: 0, length: 10, exists: true },
      { offset: 20, length: 10, exists: true },
    ]);
  });

  it("lists whole object sets of a striped image", () => {
    const striped = { objectSize: 10, stripeUnit: 5, stripeCount: 2 };
    expect(changedRanges([map(1, 1, 1, 1), map(3, 3, 0, 1)], striped, 40)).toEqual([
      { offset: 20, length: 20, exists: true },
    ]);
  });

  it("returns null when there is too much to list", () => {
    const many = Array.from({ length: 100_002 }, () => 1);
    expect(changedRanges([map(...many), map(...many)], plain, 10 * many.length)).toBeNull();
  });
});
