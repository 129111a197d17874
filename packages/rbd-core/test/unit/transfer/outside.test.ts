import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extent } from "../../../src/diff/plan-diff.ts";
import { outside } from "../../../src/transfer/plan.ts";

const size = 64;
/** Extents that ascend, from gaps and lengths. */
const extents = fc
  .array(fc.record({ gap: fc.nat(5), length: fc.integer({ min: 1, max: 9 }) }), { maxLength: 12 })
  .map((steps) => {
    const made: Extent[] = [];
    let at = 0;
    for (const { gap, length } of steps) {
      if (at + gap + length > size) break;
      made.push({ offset: at + gap, length, exists: true });
      at += gap + length;
    }
    return made;
  });

async function* inBatches(all: readonly Extent[], count: number) {
  for (let i = 0; i < all.length; i += count) yield all.slice(i, i + count);
}

const bytes = (all: readonly Extent[]) =>
  all.flatMap(({ offset, length }) => Array.from({ length }, (_, i) => offset + i));

describe("outside", () => {
  it("is what one has and the other has not, ascending", async () => {
    await fc.assert(
      fc.asyncProperty(extents, extents, fc.integer({ min: 1, max: 4 }), async (ours, others, count) => {
        const left: Extent[] = [];
        for await (const batch of outside(inBatches(ours, count), inBatches(others, count)))
          left.push(...batch);
        const taken = new Set(bytes(others));
        expect(bytes(left)).toEqual(bytes(ours).filter((byte) => !taken.has(byte)));
        expect(left.every(({ length }) => length > 0)).toBe(true);
      }),
    );
  });

  it("ends what it was given when it is left", async () => {
    const ended: string[] = [];
    const endless = async function* (name: string) {
      try {
        for (let at = 0; ; at += 2) yield [{ offset: at, length: 1, exists: true }];
      } finally {
        ended.push(name);
      }
    };
    const shifted = async function* () {
      for await (const batch of endless("b")) yield batch.map((e) => ({ ...e, offset: e.offset + 1 }));
    };
    for await (const _ of outside(endless("a"), shifted())) break;
    expect(ended.toSorted()).toEqual(["a", "b"]);
  });
});
