import fc from "fast-check";
import { type ByteSource, splitZeroes } from "../../../src/formats/bytes.ts";
import type { Diff, DiffHeader, DiffRecord } from "../../../src/formats/diff-record.ts";
import { FormatError } from "../../../src/formats/format-error.ts";
import { openDiff } from "../../../src/formats/read-diff.ts";
import { type EncodeDiffOptions, encodeDiff } from "../../../src/formats/write-diff.ts";

export async function join(source: ByteSource): Promise<Buffer> {
  const parts: Uint8Array[] = [];
  for await (const part of source) parts.push(part);
  return Buffer.concat(parts);
}

/** The bytes in pieces whose lengths repeat `sizes`. */
export function* pieces(bytes: Uint8Array, sizes: readonly number[]): Generator<Uint8Array> {
  for (let at = 0, turn = 0; at < bytes.length; turn++) {
    const size = sizes[turn % sizes.length] ?? 1;
    yield bytes.subarray(at, at + size);
    at += size;
  }
}

export const encode = (header: DiffHeader, records: readonly DiffRecord[], options?: EncodeDiffOptions) =>
  join(encodeDiff(header, records, options));

/** What the SDK says to a stream: the error it throws, or undefined. Anything but a FormatError is thrown on. */
export async function formatErrorOf(work: () => Promise<unknown>): Promise<FormatError | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    if (error instanceof FormatError) return error;
    throw error;
  }
}

export async function drain(diff: Diff): Promise<DiffRecord[]> {
  const records: DiffRecord[] = [];
  for await (const record of diff.records) records.push(record);
  return records;
}

/** Applies a diff to an image in memory, as `rbd import-diff` does. */
export async function apply(image: Buffer, source: ByteSource): Promise<Buffer> {
  await using diff = await openDiff(source);
  const next = Buffer.alloc(diff.header.size);
  image.copy(next, 0, 0, Math.min(image.length, next.length));
  for await (const record of diff.records) {
    if (record.type === "zero") next.fill(0, record.offset, record.offset + record.length);
    if (record.type === "data") next.set(record.data, record.offset);
  }
  return next;
}

/** A write and its data, in one piece. */
export function write(offset: number, data: Uint8Array): DiffRecord[] {
  return [
    { type: "write", offset, length: data.length },
    { type: "data", offset, data },
  ];
}

/** A valid ascending diff: some extents over an image of some size. */
export const diffs = (largest = 4096): fc.Arbitrary<{ header: DiffHeader; records: DiffRecord[] }> =>
  fc
    .record({
      size: fc.nat(largest),
      cuts: fc.array(fc.record({ at: fc.nat(largest), kind: fc.constantFrom("write", "zero", "none") }), {
        maxLength: 12,
      }),
      seed: fc.nat(255),
    })
    .map(({ size, cuts, seed }) => {
      const places = cuts.filter(({ at }) => at < size).toSorted((a, b) => a.at - b.at);
      const records: DiffRecord[] = [];
      places.forEach(({ at, kind }, index) => {
        const length = (places[index + 1]?.at ?? size) - at;
        if (length === 0 || kind === "none") return;
        if (kind === "zero") records.push({ type: "zero", offset: at, length });
        else records.push(...write(at, Buffer.alloc(length, (seed + index) % 256)));
      });
      return { header: { size }, records };
    });

/** A chain of states of one image, each a few changes, shrinks and growths away from the one before. */
export const histories = (largest = 2048): fc.Arbitrary<Buffer[]> =>
  fc
    .array(
      fc.record({
        size: fc.nat(largest),
        changes: fc.array(fc.tuple(fc.nat(largest), fc.nat(300), fc.nat(255)), { maxLength: 5 }),
      }),
      { minLength: 2, maxLength: 6 },
    )
    .map((steps) => {
      let last = Buffer.alloc(0);
      return steps.map(({ size, changes }) => {
        const next = Buffer.alloc(size);
        last.copy(next, 0, 0, Math.min(size, last.length));
        for (const [at, length, value] of changes)
          next.fill(value, Math.min(at, size), Math.min(at + length, size));
        last = next;
        return next;
      });
    });

/**
 * The diff between two states, as librbd would report it: what differs within the new size. What a growth brings
 * is compared with zeroes: the image was cut when it shrank.
 */
export function difference(before: Buffer, after: Buffer, grain = 64): DiffRecord[] {
  const base = Buffer.alloc(after.length);
  before.copy(base, 0, 0, Math.min(before.length, after.length));
  const records: DiffRecord[] = [];
  for (let at = 0; at < after.length; at += grain) {
    const piece = after.subarray(at, at + grain);
    if (piece.equals(base.subarray(at, at + grain))) continue;
    for (const run of splitZeroes(piece, at, grain)) {
      const offset = at + run.offset;
      if (run.zero) records.push({ type: "zero", offset, length: run.length });
      else records.push(...write(offset, piece.subarray(run.offset, run.offset + run.length)));
    }
  }
  return records;
}
