import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  estimateChain,
  exactChain,
  intersection,
  normalizeExtents,
  sumOfExtents,
  union,
} from "../../../src/chain/chain-sizes.ts";
import { strip } from "../../../src/chain/what-changed.ts";
import { ObjectMap } from "../../../src/diff/object-map.ts";

/** A model of an image: the version of each unit that each point holds; 0 is nothing. */
interface Model {
  points: number[][];
}

const model: fc.Arbitrary<Model> = fc
  .record({
    first: fc.array(fc.boolean(), { minLength: 1, maxLength: 40 }),
    steps: fc.array(
      fc.record({
        size: fc.integer({ min: 1, max: 40 }),
        writes: fc.uniqueArray(fc.nat(39)),
        discards: fc.uniqueArray(fc.nat(39)),
      }),
      { maxLength: 6 },
    ),
  })
  .map(({ first, steps }) => {
    let version = 1;
    const points = [first.map((there) => (there ? version : 0))];
    for (const { size, writes, discards } of steps) {
      version++;
      const before = points.at(-1) ?? [];
      const next = Array.from({ length: size }, (_, at) => before[at] ?? 0);
      for (const at of discards) if (at < size) next[at] = 0;
      for (const at of writes) if (at < size) next[at] = version;
      points.push(next);
    }
    return { points };
  });

/** How many versions exist only in point `k`. */
function onlyIn(points: readonly number[][], k: number): number {
  return (points[k] ?? []).filter(
    (version, at) => version !== 0 && points.every((other, j) => j === k || other[at] !== version),
  ).length;
}

function expected({ points }: Model) {
  return points.map((point, k) => {
    const before = points[k - 1] ?? [];
    const end = Math.max(before.length, point.length);
    let [own, delta] = [0, 0];
    for (let at = 0; at < end; at++) {
      const [was, is] = [before[at] ?? 0, point[at] ?? 0];
      if (was === is) continue;
      delta++;
      if (is !== 0) own++;
    }
    return { own, delta, freedIfRemoved: k === points.length - 1 ? 0 : onlyIn(points, k) };
  });
}

const unit = 4096;

function mapOf(before: readonly number[] | undefined, point: readonly number[]): ObjectMap {
  const packed = Buffer.alloc(Math.ceil(point.length / 4));
  for (const [index, version] of point.entries()) {
    const state = version === 0 ? 0 : version === before?.[index] ? 3 : 1;
    packed[index >> 2] = (packed[index >> 2] ?? 0) | (state << ((3 - (index % 4)) * 2));
  }
  return new ObjectMap(point.length, packed);
}

const layout = { objectSize: unit, stripeUnit: unit, stripeCount: 1 };

describe("estimateChain", () => {
  it("counts what each point owns, changes, and would free", () => {
    fc.assert(
      fc.property(model, ({ points }) => {
        const mapped = points.map((point, k) => ({
          size: point.length * unit,
          map: mapOf(points[k - 1], point),
        }));
        const estimates = estimateChain(layout, mapped);
        expect(estimates.map(({ own, delta, freedIfRemoved }) => ({ own, delta, freedIfRemoved }))).toEqual(
          expected({ points }).map((point) => ({
            own: point.own * unit,
            delta: point.delta * unit,
            freedIfRemoved: point.freedIfRemoved * unit,
          })),
        );
        for (const [k, { freedInOrder }] of estimates.entries()) {
          const left = points.slice(k);
          expect(freedInOrder).toBe(left.length === 1 ? 0 : onlyIn(left, 0) * unit);
        }
      }),
    );
  });

  it("says nothing about neighbours of a point without a map", () => {
    const full = mapOf(undefined, [1, 1]);
    const point = { size: 2 * unit, map: full };
    const got = estimateChain(layout, [point, { size: 2 * unit, map: null }, point, point]);
    expect(got.map(({ own }) => own)).toEqual([2 * unit, null, null, 2 * unit]);
    expect(got.map(({ freedIfRemoved }) => freedIfRemoved)).toEqual([null, null, null, 0]);
  });

  it("clips the last object to the image", () => {
    const got = estimateChain(layout, [{ size: unit + 100, map: mapOf(undefined, [1, 1]) }]);
    expect(got).toEqual([{ own: unit + 100, delta: unit + 100, freedIfRemoved: 0, freedInOrder: 0 }]);
  });
});

describe("exactChain", () => {
  it("counts what each point owns, changes, and would free", () => {
    fc.assert(
      fc.property(model, ({ points }) => {
        const diffs = points.map((point, k) => {
          const before = points[k - 1] ?? [];
          const written: number[] = [];
          const discarded: number[] = [];
          for (const [at, version] of [...point.entries()].reverse()) {
            if (version === (before[at] ?? 0)) continue;
            (version === 0 ? discarded : written).push(at, 1);
          }
          const cutOff = [...before.entries()].flatMap(([at, version]) =>
            at >= point.length && version !== 0 ? [at, 1] : [],
          );
          return { written, discarded, cutOff };
        });
        expect(exactChain(diffs)).toEqual(expected({ points }));
      }),
    );
  });
});

describe("exactChain without all diffs", () => {
  it("says nothing about neighbours of a missing one", () => {
    const diff = { written: [0, 10], discarded: [], cutOff: [] };
    const got = exactChain([diff, null, diff, diff]);
    expect(got.map(({ own }) => own)).toEqual([10, null, 10, 10]);
    expect(got.map(({ freedIfRemoved }) => freedIfRemoved)).toEqual([null, null, 10, 0]);
  });
});

describe("extents", () => {
  const extents = fc
    .array(fc.tuple(fc.nat(60), fc.integer({ min: 0, max: 8 })), { maxLength: 12 })
    .map((pieces) => pieces.flat());
  const members = (pieces: readonly number[]) => {
    const set = new Set<number>();
    for (let i = 0; i < pieces.length; i += 2) {
      for (let n = 0; n < (pieces[i + 1] ?? 0); n++) set.add((pieces[i] ?? 0) + n);
    }
    return set;
  };

  it("behave like sets of bytes", () => {
    fc.assert(
      fc.property(extents, extents, (one, other) => {
        const [a, b] = [normalizeExtents(one), normalizeExtents(other)];
        const [inA, inB] = [members(one), members(other)];
        expect(members(a)).toEqual(new Set([...inA].sort((x, y) => x - y)));
        expect(sumOfExtents(a)).toBe(inA.size);
        expect(members(union(a, b))).toEqual(inA.union(inB));
        expect(members(intersection(a, b))).toEqual(inA.intersection(inB));
        for (const result of [a, union(a, b), intersection(a, b)]) {
          expect(normalizeExtents(result)).toEqual(result);
        }
      }),
    );
  });
});

describe("strip", () => {
  it("puts every byte into one bucket", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 1e6 }),
        fc.integer({ min: 1, max: 300 }),
        fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(5000)), { maxLength: 20 }),
        (size, buckets, pieces) => {
          const inside = normalizeExtents(
            pieces.flatMap(([at, length]) => {
              const offset = Math.floor(at * (size - 1));
              return [offset, Math.min(length, size - offset)];
            }),
          );
          const got = strip(inside, size, buckets);
          expect(got).toHaveLength(buckets);
          expect(got.reduce((sum, bytes) => sum + bytes, 0)).toBe(sumOfExtents(inside));
          for (const [bucket, bytes] of got.entries()) {
            const from = Math.round((size / buckets) * bucket);
            const to = bucket === buckets - 1 ? size : Math.round((size / buckets) * (bucket + 1));
            expect(bytes).toBe(sumOfExtents(intersection(inside, [from, to - from])));
          }
        },
      ),
    );
  });

  it("refuses a strip without buckets", () => {
    expect(() => strip([], 100, 0)).toThrow(RangeError);
  });
});
