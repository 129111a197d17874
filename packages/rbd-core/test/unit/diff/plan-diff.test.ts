import fc from "fast-check";
import type { DiffExtents, DiffOptions } from "rbd-native";
import { describe, expect, it } from "vitest";
import { type DiffReader, type Extent, planDiff, RangePlan } from "../../../src/diff/plan-diff.ts";

const batchOf = (extents: readonly Extent[]): DiffExtents =>
  ({
    count: extents.length,
    offset: (i: number) => extents[i]?.offset ?? Number.NaN,
    length: (i: number) => extents[i]?.length ?? Number.NaN,
    exists: (i: number) => extents[i]?.exists ?? false,
  }) as DiffExtents;

/** An image of which some bytes changed; it answers as librbd does, and remembers what it was asked. */
class FakeImage implements DiffReader {
  readonly asked: DiffOptions[] = [];
  readonly #extents: readonly Extent[];
  readonly #period: number;
  readonly #batch: number;

  constructor(extents: readonly Extent[], period: number, batch = 2) {
    this.#extents = extents;
    this.#period = period;
    this.#batch = batch;
  }

  async *diffIterate(o: DiffOptions): AsyncGenerator<DiffExtents> {
    this.asked.push(o);
    const [start, end] = [o.offset ?? 0, (o.offset ?? 0) + (o.length ?? 0)];
    const cut = this.#extents
      .map(({ offset, length, exists }) => {
        const from = Math.max(offset, start);
        return { offset: from, length: Math.min(offset + length, end) - from, exists };
      })
      .filter(({ length }) => length > 0);
    const answer = o.wholeObject === true ? this.#wholeObjects(cut, end) : cut;
    for (let at = 0; at < answer.length; at += this.#batch) yield batchOf(answer.slice(at, at + this.#batch));
  }

  #wholeObjects(extents: readonly Extent[], end: number): Extent[] {
    const starts = new Set<number>();
    for (const { offset, length } of extents) {
      for (let at = offset - (offset % this.#period); at < offset + length; at += this.#period)
        starts.add(at);
    }
    return [...starts]
      .sort((a, b) => a - b)
      .map((offset) => ({
        offset,
        length: Math.min(this.#period, end - offset),
        exists: true,
      }));
  }
}

async function collect(
  image: DiffReader,
  size: number,
  fastDiff: boolean,
  stripeCount = 1,
): Promise<Extent[]> {
  const found: Extent[] = [];
  for await (const batch of planDiff(image, { size, objectSize: 16 / stripeCount, stripeCount, fastDiff })) {
    expect(batch.length).toBeGreaterThan(0);
    found.push(...batch);
  }
  return found;
}

/** Extents within objects of 16 bytes, ascending and apart. */
const changes = fc
  .array(fc.tuple(fc.nat(16 * 400), fc.integer({ min: 1, max: 30 }), fc.boolean()))
  .map((all) => {
    const extents: Extent[] = [];
    let end = 0;
    for (const [at, length, exists] of all.toSorted(([a], [b]) => a - b)) {
      for (let offset = Math.max(at, end); offset < at + length; ) {
        const stop = Math.min(at + length, offset - (offset % 16) + 16);
        extents.push({ offset, length: stop - offset, exists });
        offset = stop;
        end = stop;
      }
    }
    return extents;
  });

describe("planDiff", () => {
  it("gives what one byte-accurate diff gives, whatever changed", async () => {
    await fc.assert(
      fc.asyncProperty(changes, fc.integer({ min: 1, max: 5 }), async (extents, batch) => {
        const size = Math.max(16 * 450, ...extents.map(({ offset, length }) => offset + length));
        expect(await collect(new FakeImage(extents, 16, batch), size, true)).toEqual(extents);
        expect(await collect(new FakeImage(extents, 16, batch), size, false)).toEqual(extents);
      }),
    );
  });

  it("looks closely only where something changed", async () => {
    const extents = [1, 700, 703].map((object) => ({ offset: object * 16 + 4, length: 3, exists: true }));
    const image = new FakeImage(extents, 16);
    expect(await collect(image, 16 * 1000, true)).toEqual(extents);
    expect(image.asked).toEqual([
      expect.objectContaining({ wholeObject: true, offset: 0, length: 16_000 }),
      expect.objectContaining({ offset: 16, length: 16 }),
      expect.objectContaining({ offset: 16 * 700, length: 16 * 4 }),
    ]);
  });

  it("looks at everything at once when most changed, or when the maps cannot be trusted", async () => {
    const extents = Array.from({ length: 60 }, (_, object) => ({
      offset: object * 16,
      length: 1,
      exists: true,
    }));
    const mostly = new FakeImage(extents, 16);
    expect(await collect(mostly, 1600, true)).toEqual(extents);
    expect(mostly.asked.slice(1)).toEqual([expect.objectContaining({ offset: 0, length: 1600 })]);
    const untrusted = new FakeImage(extents, 16);
    expect(await collect(untrusted, 1600, false)).toEqual(extents);
    expect(untrusted.asked).toEqual([expect.not.objectContaining({ wholeObject: true })]);
  });

  it("brings the extents of a striped image into order", async () => {
    const extent = (offset: number) => ({ offset, length: 2, exists: true });
    const given = [0, 8, 4, 12, 16, 24, 20, 28, 36, 32].map(extent);
    for (const batch of [1, 2, 3, 10]) {
      const found = await collect(new FakeImage(given, 16, batch), 160, true, 4);
      expect(found.map(({ offset }) => offset)).toEqual([0, 4, 8, 12, 16, 20, 24, 28, 32, 36]);
    }
  });

  it("asks nothing of an image of no size", async () => {
    const image = new FakeImage([], 16);
    expect(await collect(image, 0, true)).toEqual([]);
    expect(image.asked).toEqual([]);
  });
});

describe("RangePlan", () => {
  it("ends at the image's end, and joins what is near", () => {
    const plan = new RangePlan(1000 * 16 - 6, 16);
    expect(plan.add(0, 1)).toBe(true);
    expect(plan.add(16 * 17, 16)).toBe(true);
    expect(plan.add(16 * 35, 16)).toBe(true);
    expect(plan.add(16 * 999, 10)).toBe(true);
    expect(plan.ranges).toEqual([
      [0, 16 * 18],
      [16 * 35, 16 * 36],
      [16 * 999, 1000 * 16 - 6],
    ]);
  });
});
