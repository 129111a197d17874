import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Extent } from "../../../src/diff/plan-diff.ts";
import { copyParts, coverRange, cutExtents, OccupiedRanges, outside } from "../../../src/transfer/plan.ts";
import { collect } from "../collect.ts";

async function* batches(extents: readonly Extent[], size = 3): AsyncGenerator<readonly Extent[]> {
  for (let at = 0; at < extents.length; at += size) yield extents.slice(at, at + size);
}

const ascending = fc
  .array(fc.tuple(fc.nat(30), fc.integer({ min: 1, max: 300 }), fc.boolean()), { maxLength: 30 })
  .map((all) => {
    let end = 0;
    return all.map(([gap, length, exists]): Extent => {
      const offset = end + gap;
      end = offset + length;
      return { offset, length, exists };
    });
  });

const bytesOf = (extents: readonly Extent[]) =>
  new Map(
    extents.flatMap(({ offset, length, exists }) => Array.from({ length }, (_, i) => [offset + i, exists])),
  );

describe("coverRange", () => {
  it("adds what is missing in the range, and changes nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(ascending, fc.nat(3000), fc.nat(3000), async (extents, a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const covered = (await collect(coverRange(batches(extents), start, end))).flat();
        const wanted = bytesOf(extents);
        for (let at = start; at < end; at++) if (!wanted.has(at)) wanted.set(at, true);
        expect(new Map([...bytesOf(covered)].sort(([x], [y]) => x - y))).toEqual(
          new Map([...wanted].sort(([x], [y]) => x - y)),
        );
        expect(covered.every(({ offset }, i) => i === 0 || offset >= (covered[i - 1]?.offset ?? 0))).toBe(
          true,
        );
      }),
    );
  });
});

describe("cutExtents", () => {
  it("cuts data at blocks and keeps every byte", async () => {
    await fc.assert(
      fc.asyncProperty(ascending, async (extents) => {
        const cut = await collect(cutExtents(batches(extents), 64));
        expect(bytesOf(cut)).toEqual(bytesOf(extents));
        for (const { offset, length, exists } of cut) {
          if (exists) expect(Math.floor(offset / 64)).toBe(Math.floor((offset + length - 1) / 64));
        }
      }),
    );
  });
});

describe("copyParts", () => {
  const MiB = 2 ** 20;

  it("ends parts between blocks, and bounds their data", async () => {
    const extents = Array.from({ length: 1000 }, (_, i) => ({
      offset: i * 3 * MiB,
      length: MiB + 1,
      exists: true,
    }));
    const parts = await collect(copyParts(batches(extents, 100), 4 * MiB, new OccupiedRanges([])));
    expect(parts.length).toBeGreaterThan(3);
    for (const [index, { start, end, extents }] of parts.entries()) {
      expect(start).toBe(parts[index - 1]?.end ?? 0);
      expect(end % (4 * MiB)).toBe(0);
      let bytes = 0;
      for (let i = 0; i < extents.length; i += 4) {
        expect(extents[i]).toBeGreaterThanOrEqual(start);
        expect((extents[i] ?? 0) + (extents[i + 1] ?? 0)).toBeLessThanOrEqual(end);
        bytes += extents[i + 1] ?? 0;
      }
      expect(bytes).toBeLessThan(264 * MiB);
    }
  });

  it("says where zeroes are needed", async () => {
    const extents = [0, 10, 20, 30].map((offset) => ({ offset, length: 5, exists: false }));
    const occupied = new OccupiedRanges([
      [4, 6],
      [22, 23],
    ]);
    const [part] = await collect(copyParts(batches(extents), 64, occupied));
    expect([...(part?.extents ?? [])]).toEqual([0, 5, 0, 1, 10, 5, 0, 0, 20, 5, 0, 1, 30, 5, 0, 0]);
  });
});

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
