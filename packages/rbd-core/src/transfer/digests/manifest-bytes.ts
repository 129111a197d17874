import { FormatError, putU64, u64 } from "../../formats/index.ts";
import { type BlockDigest, type BlockRuns, type DigestManifest, isWhole } from "./digest-manifest.ts";

const banner = Buffer.from("coppice digests v1\n");
const headerLength = banner.length + 17;
const full = 1;
const digestLength = 16;

/** A manifest as it is stored; see docs/formats.md. */
export function encodeManifest(manifest: DigestManifest): Buffer {
  const header = Buffer.alloc(headerLength);
  banner.copy(header);
  header.writeUInt32LE(manifest.blockSize, banner.length);
  putU64(header, banner.length + 4, manifest.size);
  header.writeUInt8(manifest.isFull ? full : 0, banner.length + 12);
  header.writeUInt32LE(manifest.blocks.length, banner.length + 13);
  const parts: Buffer[] = [header];
  for (const entry of manifest.blocks) parts.push(encodeRuns(entry, manifest), Buffer.from(entry.digest));
  const unknown = Buffer.alloc(4);
  unknown.writeUInt32LE(manifest.unknown.length);
  parts.push(unknown);
  for (const entry of manifest.unknown) parts.push(encodeRuns(entry, manifest));
  return Buffer.concat(parts);
}

function encodeRuns(entry: BlockRuns, manifest: DigestManifest): Buffer {
  const runs = isWhole(entry, manifest) ? [] : entry.runs;
  const bytes = Buffer.alloc(12 + 4 * runs.length);
  putU64(bytes, 0, entry.block);
  bytes.writeUInt32LE(runs.length / 2, 8);
  for (const [i, value] of runs.entries()) bytes.writeUInt32LE(value, 12 + 4 * i);
  return bytes;
}

/**
 * @throws {FormatError} for bytes that are no manifest, or one that contradicts itself.
 */
export function decodeManifest(bytes: Buffer): DigestManifest {
  if (!bytes.subarray(0, banner.length).equals(banner)) {
    throw new FormatError("BAD_MAGIC", 0, "the bytes are no manifest of digests");
  }
  let at = banner.length;
  const take = (length: number) => {
    if (length > bytes.length - at)
      throw new FormatError("TRUNCATED", bytes.length, "the manifest ends too early");
    at += length;
    return bytes.subarray(at - length, at);
  };
  const header = take(17);
  const blockSize = header.readUInt32LE(0);
  const size = u64(header, 4, banner.length + 4, "the image's size");
  const flags = header.readUInt8(12);
  const count = header.readUInt32LE(13);
  if (blockSize === 0) throw new FormatError("BAD_VALUE", banner.length, "the block size is 0");
  if ((flags & ~full) !== 0)
    throw new FormatError("BAD_VALUE", banner.length + 12, "there are unknown flags");
  const takeRuns = (last: number): BlockRuns => {
    const start = at;
    const fields = take(12);
    const block = u64(fields, 0, start, "a block");
    const room = Math.min(blockSize, size - block * blockSize);
    if (block < last)
      throw new FormatError("OUT_OF_ORDER", start, `block ${block} comes after block ${last}`);
    if (room <= 0)
      throw new FormatError("OUT_OF_RANGE", start, `block ${block} lies beyond the image's ${size} bytes`);
    return { block, runs: runsOf(take(8 * fields.readUInt32LE(8)), room, start) };
  };
  const blocks: BlockDigest[] = [];
  while (blocks.length < count) {
    const runs = takeRuns(blocks.at(-1)?.block ?? 0);
    blocks.push({ ...runs, digest: Uint8Array.from(take(digestLength)) });
  }
  const unknown: BlockRuns[] = [];
  for (const left = take(4).readUInt32LE(0); unknown.length < left; ) {
    unknown.push(takeRuns(unknown.at(-1)?.block ?? 0));
  }
  if (at !== bytes.length)
    throw new FormatError("TRAILING_DATA", at, "the manifest goes on after its last block");
  return { blockSize, size, blocks, isFull: (flags & full) !== 0, unknown };
}

function runsOf(bytes: Buffer, room: number, at: number): number[] {
  if (bytes.length === 0) return [0, room];
  const runs: number[] = [];
  let end = 0;
  for (let i = 0; i < bytes.length; i += 8) {
    const [offset, length] = [bytes.readUInt32LE(i), bytes.readUInt32LE(i + 4)];
    if (length === 0) throw new FormatError("EMPTY_RECORD", at, "a run is empty");
    if (offset < end) throw new FormatError("OVERLAP", at, "a run begins before the end of the one before");
    if (offset + length > room) throw new FormatError("OUT_OF_RANGE", at, "a run ends beyond its block");
    runs.push(offset, length);
    end = offset + length;
  }
  return runs;
}
