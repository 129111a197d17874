import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DiffHeader, DiffRecord } from "../../../src/formats/diff-record.ts";
import { type ImageHeader, openImageStream } from "../../../src/formats/read-image-stream.ts";
import { writeImageStream } from "../../../src/formats/write-image-stream.ts";
import { drain, formatErrorOf, join, pieces, write } from "./support.ts";

const header: ImageHeader = {
  order: 22,
  features: 61n,
  stripeUnit: 2 ** 22,
  stripeCount: 1,
  metadata: [
    ["conf_rbd_cache", "false"],
    ["empty", ""],
  ],
};
const parts: { header: DiffHeader; records: DiffRecord[] }[] = [
  { header: { to: "one", protected: true, size: 10 }, records: write(0, Buffer.from("abc")) },
  { header: { from: "one", to: "two", protected: false, size: 20 }, records: write(3, Buffer.from("def")) },
  { header: { from: "two", size: 5 }, records: [{ type: "zero", offset: 0, length: 1 }] },
];
const sample = () => join(writeImageStream(header, 3, parts));

async function readAll(bytes: Uint8Array, cut = 1 << 16) {
  await using image = await openImageStream(pieces(bytes, [cut]));
  const diffs: { header: DiffHeader; records: DiffRecord[] }[] = [];
  for await (const diff of image.diffs) diffs.push({ header: diff.header, records: await drain(diff) });
  return { header: image.header, diffs };
}

describe("an image stream", () => {
  it("reads back what was written, snapshots, metadata, protection and all", async () => {
    expect(await readAll(await sample())).toEqual({ header, diffs: parts });
  });

  it("is read the same from any chunks", async () => {
    const bytes = await sample();
    for (const cut of [1, 2, 7, 64]) {
      const { header: read, diffs } = await readAll(bytes, cut);
      expect(read).toEqual(header);
      expect(diffs.map((diff) => diff.header)).toEqual(parts.map((part) => part.header));
    }
  });

  it("skips what is left unread of a diff", async () => {
    await using image = await openImageStream([await sample()]);
    const names: (string | undefined)[] = [];
    for await (const diff of image.diffs) {
      names.push(diff.header.to);
      for await (const _ of diff.records) break;
    }
    expect(names).toEqual(["one", "two", undefined]);
  });

  it("is refused when cut at any byte", async () => {
    const bytes = await sample();
    for (let length = 0; length < bytes.length; length++) {
      const error = await formatErrorOf(() => readAll(bytes.subarray(0, length)));
      expect([error?.code, error?.offset]).toEqual(["TRUNCATED", length]);
    }
  });

  it("gives a FormatError or reads through, whatever bits are flipped", async () => {
    const bytes = await sample();
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (place, value) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(value, place);
        await formatErrorOf(() => readAll(changed));
      }),
      { numRuns: 500 },
    );
  });

  it.each<[string, (bytes: Buffer) => Buffer, string]>([
    ["bytes after the last diff", (bytes) => Buffer.concat([bytes, Buffer.of(0)]), "TRAILING_DATA"],
    ["one diff fewer announced", (bytes) => change(bytes, "diffs v2\n", 9, 2), "CHAIN_MISMATCH"],
    ["one diff more announced", (bytes) => change(bytes, "diffs v2\n", 9, 4), "CHAIN_MISMATCH"],
    ["no diff announced", (bytes) => change(bytes, "diffs v2\n", 9, 0), "BAD_VALUE"],
    ["2^56 diffs announced", (bytes) => change(bytes, "diffs v2\n", 16, 1), "OUT_OF_RANGE"],
    ["2^24 diffs announced", (bytes) => change(bytes, "diffs v2\n", 12, 1), "TOO_LONG"],
    ["an order of 40", (bytes) => change(bytes, "image v2\n", 18, 40), "BAD_VALUE"],
    ["an unknown property", (bytes) => change(bytes, "image v2\n", 9, 0x51), "UNKNOWN_TAG"],
    ["a property of 9 bytes", (bytes) => change(bytes, "image v2\n", 10, 9), "LENGTH_MISMATCH"],
    ["the features twice", (bytes) => change(bytes, "image v2\n", 9, 0x54), "DUPLICATE_RECORD"],
    ["a key longer than its record", (bytes) => change(bytes, "conf_rbd", -4, 200), "LENGTH_MISMATCH"],
    ["a key shorter than it is", (bytes) => change(bytes, "conf_rbd", -4, 2), "LENGTH_MISMATCH"],
    ["metadata of 2^24 bytes and more", (bytes) => change(bytes, "conf_rbd", -9, 1), "TOO_LONG"],
    ["another from-snapshot", (bytes) => change(bytes, "f\x07", 13, 0x61), "CHAIN_MISMATCH"],
  ])("with %s is refused", async (_, damage, code) => {
    const bytes = damage(await sample());
    expect((await formatErrorOf(() => readAll(bytes)))?.code).toBe(code);
  });

  it("is not written from diffs that do not fit", async () => {
    const written = (count: number, diffs: typeof parts) =>
      formatErrorOf(() => join(writeImageStream(header, count, diffs)));
    expect((await written(2, parts))?.code).toBe("CHAIN_MISMATCH");
    expect((await written(4, parts))?.code).toBe("CHAIN_MISMATCH");
    expect((await written(2, parts.slice(1)))?.code).toBe("CHAIN_MISMATCH");
    expect(await written(3, parts)).toBeUndefined();
  });
});

function change(bytes: Buffer, after: string, distance: number, value: number): Buffer {
  const at = bytes.indexOf(after, 0, "latin1");
  if (at === -1) throw new Error(`${JSON.stringify(after)} is not there`);
  const changed = Buffer.from(bytes);
  changed.writeUInt8(value, at + distance);
  return changed;
}
