import { Readable } from "node:stream";
import { describe, expect, it } from "vitest";
import { inspectDiff } from "../../../src/formats/inspect-diff.ts";
import { writeImageStream } from "../../../src/formats/write-image-stream.ts";
import { compressZstd, decompressZstd } from "../../../src/formats/zstd.ts";
import { encode, formatErrorOf, join, pieces, write } from "./support.ts";

const sample = () => encode({ from: "a", to: "b", size: 2 ** 20 }, write(5, Buffer.alloc(200_000, "data ")));

describe("zstd", () => {
  it("gives back what was compressed", async () => {
    const bytes = await sample();
    const small = await join(compressZstd(pieces(bytes, [1000])));
    expect(small.length).toBeLessThan(bytes.length / 10);
    expect(await join(decompressZstd(pieces(small, [7])))).toEqual(bytes);
  });

  it("reads several frames, empty and skippable ones too", async () => {
    const one = await join(compressZstd([Buffer.from("one ")]));
    const two = await join(compressZstd([Buffer.alloc(300_000, "two")]));
    const skipped = Buffer.concat([Buffer.of(0x5a, 0x2a, 0x4d, 0x18, 3, 0, 0, 0), Buffer.from("xyz")]);
    const frames = Buffer.concat([one, skipped, two, await join(compressZstd([])), one]);
    const expected = Buffer.concat([Buffer.from("one "), Buffer.alloc(300_000, "two"), Buffer.from("one ")]);
    for (const cut of [1, 11, 1 << 20])
      expect(await join(decompressZstd(pieces(frames, [cut])))).toEqual(expected);
  });

  it("refuses data that is cut, flipped, empty, or followed by more", async () => {
    const small = await join(compressZstd([await sample()]));
    const flipped = Buffer.from(small);
    flipped.writeUInt8(flipped.readUInt8(small.length - 2) ^ 1, small.length - 2);
    const damaged = [
      small.subarray(0, -1),
      flipped,
      Buffer.alloc(0),
      Buffer.concat([small, Buffer.from("more")]),
    ];
    for (const bytes of damaged) {
      expect((await formatErrorOf(() => join(decompressZstd([bytes]))))?.code).toBe("BAD_COMPRESSION");
    }
  });

  it("passes the source's own error on", async () => {
    const source = () =>
      Readable.from(
        (async function* () {
          yield Buffer.from("abc");
          throw new Error("the disk is gone");
        })(),
        { objectMode: false },
      );
    await expect(join(compressZstd(source()))).rejects.toThrow("the disk is gone");
    const start = (await join(compressZstd([await sample()]))).subarray(0, 20);
    const broken = (async function* () {
      yield start;
      throw new Error("the disk is gone");
    })();
    await expect(join(decompressZstd(broken))).rejects.toThrow("the disk is gone");
  });
});

describe("inspectDiff", () => {
  it("says what is in a diff, compressed or not", async () => {
    const bytes = await sample();
    const diff = {
      version: 1,
      from: "a",
      to: "b",
      size: 2 ** 20,
      writes: 1,
      zeroes: 0,
      writtenBytes: 200_000,
      zeroedBytes: 0,
      ascending: true,
    };
    expect(await inspectDiff([bytes])).toEqual({ kind: "diff", compressed: false, diff });
    expect(await inspectDiff(compressZstd([bytes]))).toEqual({ kind: "diff", compressed: true, diff });
  });

  it("says when extents do not ascend", async () => {
    const records = [...write(5, Buffer.of(1)), { type: "zero", offset: 0, length: 2 } as const];
    const bytes = await encode({ size: 10 }, records, { order: "any" });
    expect(await inspectDiff([bytes])).toMatchObject({ diff: { ascending: false, writes: 1, zeroes: 1 } });
  });

  it("says what is in an image stream", async () => {
    const image = { order: 20, features: 1n, stripeUnit: 2 ** 20, stripeCount: 1, metadata: [] };
    const diffs = [
      { header: { to: "a", protected: true, size: 3 }, records: write(0, Buffer.from("abc")) },
      { header: { from: "a", size: 3 }, records: [] },
    ];
    const summary = await inspectDiff(writeImageStream(image, 2, diffs));
    expect(summary).toMatchObject({ kind: "image", image, diffs: [{ to: "a", writes: 1 }, { from: "a" }] });
  });

  it("refuses what is neither, and nothing at all", async () => {
    expect((await formatErrorOf(() => inspectDiff([Buffer.from("PK\x03\x04")])))?.code).toBe("BAD_MAGIC");
    expect((await formatErrorOf(() => inspectDiff([])))?.code).toBe("TRUNCATED");
    expect((await formatErrorOf(() => inspectDiff([Buffer.from("rb")])))?.code).toBe("TRUNCATED");
  });
});
