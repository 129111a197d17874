import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { splitZeroes } from "../../../src/formats/write-diff.ts";

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
});
