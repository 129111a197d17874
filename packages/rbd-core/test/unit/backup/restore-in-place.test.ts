import { describe, expect, it } from "vitest";
import { joinRanges, touchedBy, withoutEqual } from "../../../src/backup/restore/restore-in-place.ts";
import type { DigestManifest } from "../../../src/transfer/index.ts";

const digest = new Uint8Array(16);
const manifest = (...blocks: readonly (readonly [block: number, runs: number[]])[]): DigestManifest => ({
  blockSize: 100,
  size: 1000,
  blocks: blocks.map(([block, runs]) => ({ block, runs, digest })),
  isFull: true,
  unknown: [],
});

describe("what a restore in place writes", () => {
  it("is in ascending ranges within the image", () => {
    const ranges = [
      { offset: 500, length: 100 },
      { offset: 0, length: 50 },
      { offset: 40, length: 20 },
      { offset: 60, length: 5 },
      { offset: 990, length: 50 },
      { offset: 1000, length: 50 },
    ];
    expect(joinRanges(ranges, 1000)).toEqual([
      { offset: 0, length: 65 },
      { offset: 500, length: 100 },
      { offset: 990, length: 10 },
    ]);
  });

  it("is compared with the digests of the blocks that it touches", () => {
    const all = manifest([0, [0, 100]], [1, [0, 100]], [2, [0, 10]], [4, [0, 100]]);
    const touched = touchedBy(all, [
      { offset: 150, length: 100 },
      { offset: 499, length: 1 },
    ]);
    expect(touched.blocks.map(({ block }) => block)).toEqual([1, 2, 4]);
  });

  it("leaves out what is equal already, and nothing that no digest covers", () => {
    const equal = manifest([0, [0, 100]], [1, [20, 30, 60, 40]]);
    const ranges = [
      { offset: 50, length: 110 },
      { offset: 165, length: 35 },
      { offset: 250, length: 10 },
    ];
    expect(withoutEqual(ranges, equal)).toEqual([
      { offset: 100, length: 60 },
      { offset: 250, length: 10 },
    ]);
  });
});
