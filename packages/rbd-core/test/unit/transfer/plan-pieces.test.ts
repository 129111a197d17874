import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { readAhead } from "../../../src/concurrency/read-ahead.ts";
import type { Extent } from "../../../src/diff/plan-diff.ts";
import { copyParts, coverWithZeroes, cutExtents, OccupiedRanges } from "../../../src/transfer/plan.ts";

async function* batches(extents: readonly Extent[], size = 3): AsyncGenerator<readonly Extent[]> {
  for (let at = 0; at < extents.length; at += size) yield extents.slice(at, at + size);
}

async function collect<T>(items: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const item of items) all.push(item);
  return all;
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

describe("coverWithZeroes", () => {
  it("adds what is missing in the range, and changes nothing else", async () => {
    await fc.assert(
      fc.asyncProperty(ascending, fc.nat(3000), fc.nat(3000), async (extents, a, b) => {
        const [start, end] = [Math.min(a, b), Math.max(a, b)];
        const covered = (await collect(coverWithZeroes(batches(extents), start, end))).flat();
        const wanted = bytesOf(extents);
        for (let at = start; at < end; at++) if (!wanted.has(at)) wanted.set(at, false);
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

describe("readAhead", () => {
  async function* count(to: number): AsyncGenerator<number> {
    for (let i = 0; i < to; i++) yield i;
  }

  it("keeps order and bounds, and waits for what is in flight when it is left", async () => {
    let [inFlight, most] = [0, 0];
    const read = async (item: number) => {
      most = Math.max(most, ++inFlight);
      await new Promise(setImmediate);
      inFlight--;
      return item;
    };
    const limits = { operations: 4, bytes: 100 };
    expect(await collect(readAhead(count(50), () => 10, read, limits))).toEqual(
      Array.from({ length: 50 }, (_, i) => i),
    );
    expect(most).toBe(4);
    most = 0;
    await collect(readAhead(count(50), () => 40, read, limits));
    expect(most).toBe(2);
    for await (const item of readAhead(count(50), () => 1, read, limits)) if (item === 7) break;
    expect(inFlight).toBe(0);
  });

  it("throws a failure in its turn, after the others are over", async () => {
    let over = 0;
    const read = async (item: number) => {
      await new Promise(setImmediate);
      over++;
      if (item === 3) throw new Error("three");
      return item;
    };
    const taken: number[] = [];
    const failing = async () => {
      for await (const item of readAhead(count(9), () => 1, read, { operations: 3, bytes: 9 }))
        taken.push(item);
    };
    await expect(failing()).rejects.toThrow("three");
    expect(taken).toEqual([0, 1, 2]);
    expect(over).toBeGreaterThanOrEqual(5);
  });
});
