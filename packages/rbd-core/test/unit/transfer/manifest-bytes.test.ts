import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DigestManifest } from "../../../src/transfer/digests/digest-manifest.ts";
import { decodeManifest, encodeManifest } from "../../../src/transfer/digests/manifest-bytes.ts";
import { formatErrorOf } from "../formats/support.ts";

const sample: DigestManifest = {
  blockSize: 4096,
  size: 4096 * 5 + 100,
  blocks: [
    { block: 0, runs: [0, 4096], digest: new Uint8Array(16).fill(1) },
    { block: 3, runs: [5, 10, 20, 30], digest: new Uint8Array(16).fill(2) },
    { block: 3, runs: [100, 1], digest: new Uint8Array(16).fill(3) },
    { block: 5, runs: [0, 100], digest: new Uint8Array(16).fill(4) },
  ],
  isFull: true,
  unknown: [
    { block: 2, runs: [7, 8] },
    { block: 5, runs: [0, 100] },
  ],
};
const refusal = async (bytes: Buffer) => (await formatErrorOf(async () => decodeManifest(bytes)))?.code;

describe("a stored manifest", () => {
  it("reads back what was written, and is small", () => {
    const bytes = encodeManifest(sample);
    expect(decodeManifest(bytes)).toEqual(sample);
    expect(bytes.length).toBe(19 + 17 + 28 + (28 + 16) + (28 + 8) + 28 + 4 + (12 + 8) + 12);
  });

  it("is refused when cut at any byte, or followed by more", async () => {
    const bytes = encodeManifest(sample);
    for (let length = 0; length < bytes.length; length++) {
      expect(await refusal(bytes.subarray(0, length))).toBe(length < 19 ? "BAD_MAGIC" : "TRUNCATED");
    }
    expect(await refusal(Buffer.concat([bytes, Buffer.of(0)]))).toBe("TRAILING_DATA");
  });

  it("gives a FormatError or reads through, whatever bytes are changed", async () => {
    const bytes = encodeManifest(sample);
    await fc.assert(
      fc.asyncProperty(fc.nat(bytes.length - 1), fc.nat(255), async (place, value) => {
        const changed = Buffer.from(bytes);
        changed.writeUInt8(value, place);
        await refusal(changed);
      }),
      { numRuns: 500 },
    );
  });
});
