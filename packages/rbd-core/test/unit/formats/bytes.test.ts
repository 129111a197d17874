import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitZeroes } from "../../../src/formats/bytes.ts";

/** Where the data is in a buffer at the beginning of an image. */
const dataRuns = (data: Buffer, grain: number) =>
  splitZeroes(data, 0, grain)
    .filter(({ zero }) => !zero)
    .map(({ offset, length }) => ({ start: offset, end: offset + length }));

describe("splitZeroes", () => {
  it("finds whole blocks of zeroes, aligned to the image", () => {
    const data = Buffer.alloc(20);
    data.writeUInt8(1, 0);
    data.writeUInt8(1, 19);
    // In an image's terms: [4, 8) has data, [8, 20) is zero, [20, 24) has data.
    expect(splitZeroes(data, 4, 4)).toEqual([
      { offset: 0, length: 4, zero: false },
      { offset: 4, length: 12, zero: true },
      { offset: 16, length: 4, zero: false },
    ]);
  });

  it("covers every byte once, and calls nothing zero that is not", () => {
    const bytes = fc.array(fc.constantFrom(0, 0, 0, 1), { maxLength: 200 }).map((all) => Buffer.from(all));
    fc.assert(
      fc.property(bytes, fc.nat(100), fc.integer({ min: 1, max: 40 }), (data, at, grain) => {
        let next = 0;
        for (const run of splitZeroes(data, at, grain)) {
          expect(run.offset).toBe(next);
          next += run.length;
          const holdsData = data.subarray(run.offset, next).some((byte) => byte !== 0);
          if (run.zero) expect(holdsData).toBe(false);
        }
        expect(next).toBe(data.length);
      }),
    );
  });

  it("keeps as data exactly the blocks that hold something, at the beginning of an image", () => {
    const bytes = fc.array(fc.oneof(fc.constant(0), fc.constant(0), fc.nat(255)), { maxLength: 80 });
    fc.assert(
      fc.property(bytes, fc.integer({ min: 1, max: 9 }), (values, grain) => {
        const chunk = Buffer.from(values);
        const runs = dataRuns(chunk, grain);
        const rebuilt = Buffer.alloc(chunk.length);
        let previous = -1;
        for (const { start, end } of runs) {
          expect(start % grain).toBe(0);
          expect(start).toBeGreaterThan(previous);
          chunk.copy(rebuilt, start, start, end);
          for (let at = start; at < end; at += grain) {
            expect(chunk.subarray(at, Math.min(at + grain, end)).some((byte) => byte !== 0)).toBe(true);
          }
          previous = end;
        }
        expect(rebuilt).toEqual(chunk);
      }),
    );
  });

  it("finds no data in zeroes, however long", () => {
    expect(dataRuns(Buffer.alloc(100_000), 4096)).toEqual([]);
  });
});
