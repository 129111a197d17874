import { Readable } from "node:stream";
import { coalesce } from "./bytes.ts";
import {
  type DiffHeader,
  type DiffRecord,
  type DiffVersion,
  diffBanners,
  diffTags,
  type ExtentOrder,
  ExtentRules,
  putU64,
  text,
} from "./diff-record.ts";
import { FormatError, longestSnapshotName } from "./format-error.ts";

/**
 * A stream of a diff's bytes, made as it is read: nothing is taken from `records` that the reader has no room
 * for. Destroying the stream ends `records`.
 *
 * @throws {FormatError} through the stream, for records that the format cannot hold.
 */
export function writeDiff(
  header: DiffHeader,
  records: AsyncIterable<DiffRecord> | Iterable<DiffRecord>,
  options: EncodeDiffOptions = {},
): Readable {
  return Readable.from(coalesce(encodeDiff(header, records, options)), { objectMode: false });
}

export interface EncodeDiffOptions {
  /** 1 by default. */
  readonly version?: DiffVersion | undefined;
  /** Whether extents must ascend; `ascending` by default. */
  readonly order?: ExtentOrder | undefined;
}

/**
 * Writes a diff as `rbd export-diff` does (version 1), or as it stands in an image stream (version 2). What the
 * reader would refuse, this refuses too.
 *
 * @throws {FormatError} with the offset in what is being written.
 */
export async function* encodeDiff(
  header: DiffHeader,
  records: AsyncIterable<DiffRecord> | Iterable<DiffRecord>,
  options: EncodeDiffOptions = {},
): AsyncGenerator<Uint8Array, void, undefined> {
  const version = options.version ?? 1;
  const head = encodeDiffHeader(header, version);
  yield head;
  const rules = new ExtentRules(header.size, options.order ?? "ascending");
  let position = head.length;
  let [next, end] = [0, 0];
  for await (const record of records) {
    if (record.type === "data") {
      if (record.offset !== next || record.data.length > end - next) {
        const problem = `${record.data.length} bytes of data for ${record.offset}, where ${end - next} for ${next} belong`;
        throw new FormatError("LENGTH_MISMATCH", position, problem);
      }
      next += record.data.length;
      position += record.data.length;
      if (record.data.length > 0) yield record.data;
      continue;
    }
    complete(next, end, position);
    rules.check(record.offset, record.length, position);
    const bytes = encodeExtent(record.type, record.offset, record.length, version);
    if (record.type === "write") [next, end] = [record.offset, record.offset + record.length];
    position += bytes.length;
    yield bytes;
  }
  complete(next, end, position);
  yield Buffer.of(diffTags.end);
}

function complete(next: number, end: number, position: number): void {
  if (next === end) return;
  throw new FormatError(
    "LENGTH_MISMATCH",
    position,
    `a write record is ${end - next} bytes short of its data`,
  );
}

function encodeExtent(type: "write" | "zero", offset: number, length: number, version: DiffVersion): Buffer {
  const framing = version === 2 ? 8 : 0;
  const bytes = Buffer.allocUnsafe(1 + framing + 16);
  bytes.writeUInt8(diffTags[type], 0);
  if (version === 2) putU64(bytes, 1, type === "write" ? 16 + length : 16);
  putU64(bytes, 1 + framing, offset);
  putU64(bytes, 9 + framing, length);
  return bytes;
}

function encodeDiffHeader(header: DiffHeader, version: DiffVersion): Buffer {
  const parts: Buffer[] = [Buffer.from(diffBanners[version])];
  const add = (tag: number, content: Buffer) => {
    const framing = Buffer.alloc(version === 2 ? 9 : 1);
    framing.writeUInt8(tag, 0);
    if (version === 2) putU64(framing, 1, content.length);
    parts.push(framing, content);
  };
  const position = () => parts.reduce((sum, part) => sum + part.length, 0);
  if (header.from !== undefined) add(diffTags.from, encodeName(header.from, position()));
  if (header.to !== undefined) add(diffTags.to, encodeName(header.to, position()));
  if (version === 2 && header.to !== undefined) {
    add(diffTags.protection, Buffer.of(header.protected === true ? 1 : 0));
  }
  add(diffTags.size, encodeSize(header.size, position()));
  return Buffer.concat(parts);
}

function encodeName(name: string, at: number): Buffer {
  const bytes = Buffer.from(name, "utf8");
  if (bytes.length > longestSnapshotName) {
    const problem = `a snapshot's name has ${bytes.length} bytes, more than ${longestSnapshotName}`;
    throw new FormatError("TOO_LONG", at, problem);
  }
  // Half of a surrogate pair would silently become another name.
  if (text(bytes, at, "a snapshot's name") !== name) {
    throw new FormatError("BAD_NAME", at, "a snapshot's name is not valid Unicode");
  }
  const content = Buffer.alloc(4 + bytes.length);
  content.writeUInt32LE(bytes.length, 0);
  bytes.copy(content, 4);
  return content;
}

function encodeSize(size: number, at: number): Buffer {
  if (!Number.isSafeInteger(size) || size < 0) {
    throw new FormatError("OUT_OF_RANGE", at, `the image's size is ${size}`);
  }
  const content = Buffer.alloc(8);
  putU64(content, 0, size);
  return content;
}
