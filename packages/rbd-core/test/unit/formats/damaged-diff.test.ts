import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DiffRecord } from "../../../src/formats/diff-record.ts";
import { openDiff } from "../../../src/formats/read-diff.ts";
import { diffs, drain, encode, formatErrorOf, write } from "./support.ts";

const read = (bytes: Uint8Array, order: "ascending" | "any" = "ascending") =>
  formatErrorOf(async () => drain(await openDiff([bytes], { order })));

const banner = "rbd diff v1\n";
const u64 = (value: bigint) => {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
};
const name = (tag: string, length: number, content: Uint8Array | string) => {
  const bytes = Buffer.alloc(5);
  bytes.write(tag);
  bytes.writeUInt32LE(length, 1);
  return Buffer.concat([bytes, Buffer.from(content)]);
};
const size = (value: bigint) => Buffer.concat([Buffer.from("s"), u64(value)]);
const extent = (tag: string, offset: bigint, length: bigint, data = "") =>
  Buffer.concat([Buffer.from(tag), u64(offset), u64(length), Buffer.from(data)]);
const stream = (...parts: (Buffer | string)[]) => Buffer.concat(parts.map((part) => Buffer.from(part)));

const sample: DiffRecord[] = [...write(10, Buffer.from("hello")), { type: "zero", offset: 20, length: 30 }];

describe("a damaged diff", () => {
  it.each([1, 2] as const)("of version %d is refused when cut at any byte", async (version) => {
    const whole = await encode({ from: "a", to: "b", size: 100 }, sample, { version });
    for (let length = 0; length < whole.length; length++) {
      const error = await read(whole.subarray(0, length));
      expect([error?.code, error?.offset]).toEqual(["TRUNCATED", length]);
    }
    expect(await read(whole)).toBeUndefined();
  });

  it.each<[string, Buffer, string, number]>([
    ["another banner", stream("rbd diff v3\n"), "BAD_MAGIC", 0],
    ["an image stream", stream("rbd image v2\n"), "BAD_MAGIC", 0],
    ["no size", stream(banner, "e"), "MISSING_RECORD", 12],
    ["an unknown tag first", stream(banner, "x"), "UNKNOWN_TAG", 12],
    ["version 2's protection in version 1", stream(banner, name("t", 1, "a"), "p"), "UNKNOWN_TAG", 18],
    ["an unknown tag after the size", stream(banner, size(9n), "x"), "UNKNOWN_TAG", 21],
    [
      "an unknown tag after an extent",
      stream(banner, size(9n), extent("z", 0n, 1n), "\0"),
      "UNKNOWN_TAG",
      38,
    ],
    ["two sizes", stream(banner, size(9n), size(9n), "e"), "DUPLICATE_RECORD", 21],
    ["two from-snapshots", stream(banner, name("f", 1, "a"), name("f", 1, "a")), "DUPLICATE_RECORD", 18],
    [
      "a size after an extent",
      stream(banner, size(9n), extent("z", 0n, 1n), size(9n)),
      "MISPLACED_RECORD",
      38,
    ],
    ["a name of 5,000 bytes", stream(banner, name("f", 5000, "a".repeat(5000))), "TOO_LONG", 13],
    ["a name of 2^32 - 1 bytes", stream(banner, name("t", 2 ** 32 - 1, "a")), "TOO_LONG", 13],
    ["an empty name", stream(banner, name("f", 0, "")), "BAD_NAME", 17],
    ["a name with NUL", stream(banner, name("f", 2, "a\0")), "BAD_NAME", 17],
    ["a name that is not UTF-8", stream(banner, name("f", 1, Buffer.of(0xff))), "BAD_NAME", 17],
    ["a size of 2^63", stream(banner, size(2n ** 63n)), "OUT_OF_RANGE", 13],
    ["a size of 2^53", stream(banner, size(2n ** 53n)), "OUT_OF_RANGE", 13],
    ["an offset of 2^64 - 1", stream(banner, size(9n), extent("z", 2n ** 64n - 1n, 1n)), "OUT_OF_RANGE", 22],
    ["a length of 2^63", stream(banner, size(9n), extent("w", 0n, 2n ** 63n)), "OUT_OF_RANGE", 30],
    ["an extent over the end", stream(banner, size(9n), extent("w", 8n, 2n, "ab"), "e"), "OUT_OF_RANGE", 21],
    [
      "an extent behind the end",
      stream(banner, size(9n), extent("z", 2n ** 53n - 1n, 2n ** 53n - 1n)),
      "OUT_OF_RANGE",
      21,
    ],
    ["an empty write", stream(banner, size(9n), extent("w", 0n, 0n), "e"), "EMPTY_RECORD", 21],
    [
      "descending extents",
      stream(banner, size(9n), extent("z", 5n, 1n), extent("z", 4n, 1n), "e"),
      "OUT_OF_ORDER",
      38,
    ],
    [
      "overlapping extents",
      stream(banner, size(9n), extent("z", 5n, 2n), extent("z", 6n, 1n), "e"),
      "OVERLAP",
      38,
    ],
    [
      "the same extent twice",
      stream(banner, size(9n), extent("z", 5n, 2n), extent("z", 5n, 2n), "e"),
      "OVERLAP",
      38,
    ],
    ["a second end", stream(banner, size(9n), "ee"), "TRAILING_DATA", 22],
    ["bytes after the end", stream(banner, size(9n), "e", "rest"), "TRAILING_DATA", 22],
  ])("with %s is refused", async (_, bytes, code, offset) => {
    const error = await read(bytes);
    expect([error?.code, error?.offset]).toEqual([code, offset]);
  });

  const framed = (tag: string, length: bigint, ...parts: (Buffer | string)[]) =>
    stream(tag, u64(length), ...parts);
  it.each<[string, Buffer, string, number]>([
    ["a size of 9 bytes", framed("s", 9n, u64(9n)), "LENGTH_MISMATCH", 13],
    ["a name whose lengths differ", framed("f", 9n, name("", 4, "abcd").subarray(1)), "LENGTH_MISMATCH", 13],
    ["a frame of 2^63", framed("s", 2n ** 63n, u64(9n)), "OUT_OF_RANGE", 13],
    ["a protection of 2", framed("p", 1n, "\x02"), "BAD_VALUE", 21],
    [
      "a protection of no snapshot",
      stream(framed("p", 1n, "\x01"), framed("s", 8n, u64(9n)), "e"),
      "MISSING_RECORD",
      39,
    ],
    [
      "a protection late",
      stream(framed("s", 8n, u64(9n)), framed("z", 16n, u64(0n), u64(1n)), "p"),
      "MISPLACED_RECORD",
      54,
    ],
    [
      "a write longer than its frame",
      stream(framed("s", 8n, u64(9n)), framed("w", 17n, u64(0n), u64(2n), "ab")),
      "LENGTH_MISMATCH",
      30,
    ],
  ])("of version 2 with %s is refused", async (_, bytes, code, offset) => {
    const error = await read(stream("rbd diff v2\n", bytes));
    expect([error?.code, error?.offset]).toEqual([code, offset]);
  });

  it("may announce 8 bytes for the protection, as Ceph 16 does", async () => {
    const header = stream(framed("t", 5n, name("", 1, "a").subarray(1)), framed("p", 8n, "\x01"));
    const bytes = stream("rbd diff v2\n", header, framed("s", 8n, u64(9n)), "e");
    await using diff = await openDiff([bytes]);
    expect(diff.header).toEqual({ to: "a", protected: true, size: 9 });
  });

  it("may come in any order where that is asked for, but never beyond the end", async () => {
    const records = [extent("z", 5n, 2n), extent("z", 4n, 2n)];
    expect(await read(stream(banner, size(9n), ...records, "e"), "any")).toBeUndefined();
    const beyond = stream(banner, size(9n), ...records, extent("z", 9n, 1n), "e");
    expect((await read(beyond, "any"))?.code).toBe("OUT_OF_RANGE");
  });

  it("gives a FormatError or reads through, whatever bits are flipped", async () => {
    const flips = fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 });
    await fc.assert(
      fc.asyncProperty(diffs(500), flips, fc.constantFrom(1, 2), async (diff, changes, version) => {
        const bytes = await encode({ from: "from", to: "to", ...diff.header }, diff.records, { version });
        for (const [place, value] of changes) bytes.writeUInt8(value, place % bytes.length);
        const error = await read(bytes);
        expect(error === undefined || error.offset <= bytes.length).toBe(true);
      }),
      { numRuns: 500 },
    );
  });

  it("does not hold what a length promises", async () => {
    const bytes = stream(banner, size(2n ** 52n), extent("w", 0n, 2n ** 51n, "abc"));
    expect((await read(bytes))?.code).toBe("TRUNCATED");
  });

  it("refuses a source of something else than bytes", async () => {
    await expect(openDiff(["text"] as unknown as Uint8Array[])).rejects.toThrow(TypeError);
  });
});
