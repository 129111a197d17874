import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  type BlockDigest,
  blockRuns,
  type DigestManifest,
  mergeManifests,
  unverified,
} from "../../../src/transfer/digests/digest-manifest.ts";

const digest = (value: number) => new Uint8Array(16).fill(value);
const entry = (block: number, runs: number[], value: number): BlockDigest => ({
  block,
  runs,
  digest: digest(value),
});
const manifest = (blocks: BlockDigest[], size = 1000): DigestManifest => ({
  blockSize: 100,
  size,
  blocks,
  isFull: false,
  unknown: [],
});

describe("blockRuns", () => {
  it("cuts extents at blocks and joins what touches", () => {
    const extents = Float64Array.from([10, 20, 1, 0, 30, 5, 0, 1, 90, 120, 1, 0]);
    expect([...blockRuns(extents, 100)]).toEqual([
      [0, [10, 25, 90, 10]],
      [1, [0, 100]],
      [2, [0, 10]],
    ]);
  });

  it("keeps every byte, once", () => {
    const lengths = fc.array(fc.tuple(fc.nat(50), fc.integer({ min: 1, max: 400 })), { maxLength: 20 });
    fc.assert(
      fc.property(lengths, (pairs) => {
        let end = 0;
        const numbers = pairs.flatMap(([gap, length]) => {
          const offset = end + gap;
          end = offset + length;
          return [offset, length, 1, 0];
        });
        const bytes = (of: Iterable<readonly [number, number]>) =>
          [...of].flatMap(([at, n]) => Array.from({ length: n }, (_, i) => at + i));
        const given = bytes(pairs.map((_, i) => [numbers[4 * i] ?? 0, numbers[4 * i + 1] ?? 0] as const));
        const found = [...blockRuns(Float64Array.from(numbers), 64)].flatMap(([block, runs]) =>
          runs.flatMap((at, i) => (i % 2 === 0 ? bytes([[block * 64 + at, runs[i + 1] ?? 0]]) : [])),
        );
        expect(found).toEqual(given);
      }),
    );
  });
});

describe("mergeManifests", () => {
  it("keeps the newest digest of a block, and older ones that nothing newer touches", () => {
    const merged = mergeManifests([
      manifest([entry(0, [0, 100], 1), entry(1, [0, 10], 2), entry(2, [0, 100], 3)]),
      manifest([entry(0, [0, 100], 4), entry(1, [10, 10], 5)]),
    ]);
    expect(merged).toEqual({
      ...manifest([
        entry(0, [0, 100], 4),
        entry(1, [0, 10], 2),
        entry(1, [10, 10], 5),
        entry(2, [0, 100], 3),
      ]),
      lost: 0,
    });
  });

  it("counts what can no longer be verified", () => {
    const older = manifest([entry(0, [0, 100], 1), entry(1, [0, 10, 50, 10], 2)]);
    const merged = mergeManifests([older, manifest([entry(0, [40, 1], 3), entry(1, [0, 70], 4)])]);
    expect(merged.blocks).toEqual([entry(0, [40, 1], 3), entry(1, [0, 70], 4)]);
    expect(merged.lost).toBe(100);
  });

  it("forgets what was cut off, though the image grew again", () => {
    const full = manifest([entry(0, [0, 100], 1), entry(5, [0, 100], 2)]);
    const merged = mergeManifests([full, manifest([], 540), manifest([])]);
    expect(merged.blocks).toEqual([entry(0, [0, 100], 1)]);
    expect(merged.unknown).toEqual([{ block: 5, runs: [0, 100] }]);
  });

  it("is full when the oldest is, and knows what it does not know, whatever is merged first", () => {
    const full = { ...manifest([entry(0, [0, 100], 1), entry(3, [10, 20], 2)]), isFull: true };
    const chain = [full, manifest([entry(0, [40, 1], 3)]), manifest([entry(3, [25, 10], 4)])];
    const merged = mergeManifests(chain);
    expect(merged).toMatchObject({
      isFull: true,
      unknown: [
        { block: 0, runs: [0, 100] },
        { block: 3, runs: [10, 20] },
      ],
      lost: 120,
    });
    const [first, ...rest] = chain;
    const inSteps = rest.reduce((sum, next) => mergeManifests([sum, next]), first as DigestManifest);
    expect({ ...inSteps, lost: 0 }).toEqual({ ...merged, lost: 0 });
    expect(mergeManifests(chain.slice(1)).isFull).toBe(false);
  });

  it("forgets what it did not know when the image ends before it", () => {
    const full = { ...manifest([entry(5, [0, 100], 2)]), isFull: true };
    expect(mergeManifests([full, manifest([], 540)]).unknown).toEqual([{ block: 5, runs: [0, 40] }]);
    expect(mergeManifests([full, manifest([], 500)]).unknown).toEqual([]);
  });

  it("refuses blocks of different sizes, and nothing", () => {
    expect(() => mergeManifests([])).toThrow(RangeError);
    expect(() => mergeManifests([{ ...manifest([]), blockSize: 50 }, manifest([])])).toThrow(RangeError);
  });
});

describe("manifests that were merged before", () => {
  /** Each change is a run in a block; its digest is its number. */
  const changes = fc.array(fc.tuple(fc.nat(2), fc.nat(89), fc.integer({ min: 1, max: 10 })), {
    minLength: 2,
    maxLength: 12,
  });

  it("say of no byte what an older point held, whichever part of a chain was merged first", () => {
    fc.assert(
      fc.property(changes, fc.nat(), fc.nat(), (list, from, count) => {
        const newest = new Map<string, number>();
        const manifests = list.map(([block, at, length], i) => {
          for (let byte = at; byte < at + length; byte++) newest.set(`${block}/${byte}`, i + 1);
          return manifest([entry(block, [at, length], i + 1)]);
        });
        const start = from % list.length;
        const end = start + 1 + (count % (list.length - start));
        const part = mergeManifests(manifests.slice(start, end));
        const merged = mergeManifests([...manifests.slice(0, start), part, ...manifests.slice(end)]);
        const digested = new Set<string>();
        for (const { block, runs, digest } of merged.blocks) {
          const [at = 0, length = 0] = runs;
          for (let byte = at; byte < at + length; byte++) {
            digested.add(`${block}/${byte}`);
            expect(newest.get(`${block}/${byte}`)).toBe(digest[0]);
          }
        }
        const lost = unverified(merged);
        for (const place of newest.keys()) {
          if (!digested.has(place)) expect(lost).toContain(Number(place.split("/")[0]));
        }
      }),
    );
  });
});
