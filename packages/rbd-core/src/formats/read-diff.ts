import { ByteReader, type ByteSource } from "./bytes.ts";
import {
  type Diff,
  type DiffHeader,
  type DiffRecord,
  type DiffVersion,
  diffBanners,
  diffTags,
  type ExtentOrder,
  ExtentRules,
  readBanner,
  showTag,
  text,
  u64,
} from "./diff-record.ts";
import { FormatError, longestSnapshotName } from "./format-error.ts";

export interface OpenOptions {
  /** Whether extents must ascend; `ascending` by default. */
  readonly order?: ExtentOrder | undefined;
}

/**
 * Starts reading a diff of version 1 (`rbd export-diff`) or 2 (as in an image stream). The header is read at once, the
 * records when they are asked for. A source that is a stream is destroyed at the end, on an error, and when the diff is
 * disposed.
 *
 * @throws {FormatError} here or while the records are read, whatever the bytes are.
 */
export async function openDiff(source: ByteSource, options: OpenOptions = {}): Promise<Diff> {
  const reader = new ByteReader(source);
  try {
    const banner = await readBanner(reader, Object.values(diffBanners));
    return await diffBehindBanner(reader, banner === diffBanners[1] ? 1 : 2, options.order ?? "ascending");
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The rest of {@link openDiff}, once the banner is read. */
export async function diffBehindBanner(
  reader: ByteReader,
  version: DiffVersion,
  order: ExtentOrder,
): Promise<Diff> {
  const header = await parseDiffHeader(reader, version);
  const records = parseDiffRecords(reader, version, header, order);
  return {
    version,
    header,
    records: standAlone(reader, records),
    [Symbol.asyncDispose]: () => reader.close(),
  };
}

async function* standAlone(
  reader: ByteReader,
  records: AsyncGenerator<DiffRecord, void, undefined>,
): AsyncGenerator<DiffRecord, void, undefined> {
  try {
    yield* records;
    if (await reader.atEnd()) return;
    throw new FormatError("TRAILING_DATA", reader.position, "the stream goes on after the diff's end record");
  } finally {
    await reader.close();
  }
}

const kinds = new Map<number, keyof typeof names>([
  [diffTags.from, "from"],
  [diffTags.to, "to"],
  [diffTags.protection, "protected"],
  [diffTags.size, "size"],
]);
const names = { from: "from-snapshot", to: "to-snapshot", protected: "protection", size: "size" } as const;

/**
 * Reads a diff's metadata records, in any order, up to its first extent or its end.
 *
 * @throws {FormatError}
 */
export async function parseDiffHeader(reader: ByteReader, version: DiffVersion): Promise<DiffHeader> {
  const header: { from?: string; to?: string; protected?: boolean; size?: number } = {};
  for (;;) {
    const at = reader.position;
    await reader.need(1, "a record");
    const kind = kinds.get(reader.peek());
    if (kind === undefined || (kind === "protected" && version === 1)) break;
    const what = `the ${names[kind]} record`;
    if (header[kind] !== undefined) throw new FormatError("DUPLICATE_RECORD", at, `${what} is there twice`);
    reader.take(1);
    const framed = version === 2 ? await length(reader, what) : undefined;
    if (kind === "size") header.size = await size(reader, framed, what);
    else if (kind === "protected") header.protected = await protection(reader, framed, what);
    else header[kind] = await name(reader, framed, what);
  }
  return complete(header, reader);
}

function complete(header: Partial<DiffHeader>, reader: ByteReader): DiffHeader {
  const next = reader.peek();
  if (next !== diffTags.write && next !== diffTags.zero && next !== diffTags.end) {
    throw new FormatError("UNKNOWN_TAG", reader.position, `the record's tag is ${showTag(next)}`);
  }
  const { size, ...rest } = header;
  if (size === undefined)
    throw new FormatError("MISSING_RECORD", reader.position, "the size record is missing");
  if (header.protected !== undefined && header.to === undefined) {
    const problem = "the protection record is there without a to-snapshot";
    throw new FormatError("MISSING_RECORD", reader.position, problem);
  }
  return { ...rest, size };
}

async function length(reader: ByteReader, what: string): Promise<number> {
  await reader.need(8, what);
  const at = reader.position;
  return u64(reader.take(8), 0, at, `the length of ${what}`);
}

async function size(reader: ByteReader, framed: number | undefined, what: string): Promise<number> {
  sameLength(reader, framed, 8, what);
  await reader.need(8, what);
  const at = reader.position;
  return u64(reader.take(8), 0, at, "the image's size");
}

async function protection(reader: ByteReader, framed: number | undefined, what: string): Promise<boolean> {
  // Ceph 16 announces 8 bytes and writes one; its readers ignore the length of a record they know.
  if (framed !== 8) sameLength(reader, framed, 1, what);
  await reader.need(1, what);
  const value = reader.peek();
  if (value > 1)
    throw new FormatError("BAD_VALUE", reader.position, `the protection is ${value}, not 0 or 1`);
  return reader.take(1).readUInt8(0) === 1;
}

async function name(reader: ByteReader, framed: number | undefined, what: string): Promise<string> {
  const start = reader.position;
  await reader.need(4, what);
  const bytes = reader.take(4).readUInt32LE(0);
  if (bytes > longestSnapshotName) {
    const problem = `the name in ${what} has ${bytes} bytes, more than ${longestSnapshotName}`;
    throw new FormatError("TOO_LONG", start, problem);
  }
  sameLength(reader, framed, 4 + bytes, what, start);
  await reader.need(bytes, what);
  const at = reader.position;
  return text(reader.take(bytes), at, `the name in ${what}`);
}

/** Compares what a version 2 record says about its length with what its content takes. */
function sameLength(
  reader: ByteReader,
  framed: number | undefined,
  needed: number,
  what: string,
  at: number = reader.position,
): void {
  if (framed === undefined || framed === needed) return;
  const problem = `${what} announces ${framed} bytes where its content has ${needed}`;
  throw new FormatError("LENGTH_MISMATCH", at - 8, problem);
}

const metadataTags: readonly number[] = [diffTags.from, diffTags.to, diffTags.size];

/**
 * Reads a diff's extents up to and with its end record. Payloads pass through in pieces as the source delivers
 * them; none is ever held whole.
 *
 * @throws {FormatError}
 */
export async function* parseDiffRecords(
  reader: ByteReader,
  version: DiffVersion,
  header: DiffHeader,
  order: ExtentOrder,
): AsyncGenerator<DiffRecord, void, undefined> {
  const rules = new ExtentRules(header.size, order);
  for (;;) {
    const at = reader.position;
    await reader.need(1, "a record or the end record");
    const tag = reader.peek();
    if (tag === diffTags.end) {
      reader.take(1);
      return;
    }
    if (tag !== diffTags.write && tag !== diffTags.zero) throw misfit(tag, version, at);
    const type = tag === diffTags.write ? "write" : "zero";
    const framing = version === 2 ? 8 : 0;
    await reader.need(1 + framing + 16, `a ${type} record`);
    const fields = reader.take(1 + framing + 16);
    const offset = u64(fields, 1 + framing, at + 1 + framing, `the offset of a ${type} record`);
    const length = u64(fields, 9 + framing, at + 9 + framing, `the length of a ${type} record`);
    rules.check(offset, length, at);
    if (version === 2) {
      const announced = u64(fields, 1, at + 1, `the length of a ${type} record`);
      const needed = type === "write" ? 16 + length : 16;
      if (announced !== needed) {
        const problem = `a ${type} record announces ${announced} bytes where its content has ${needed}`;
        throw new FormatError("LENGTH_MISMATCH", at + 1, problem);
      }
    }
    yield { type, offset, length };
    if (type === "zero") continue;
    for (let done = 0; done < length; ) {
      const data = await reader.chunk(length - done, "a write record's data");
      yield { type: "data", offset: offset + done, data };
      done += data.length;
    }
  }
}

function misfit(tag: number, version: DiffVersion, at: number): FormatError {
  if (metadataTags.includes(tag) || (tag === diffTags.protection && version === 2)) {
    return new FormatError("MISPLACED_RECORD", at, `a ${showTag(tag)} record comes after the first extent`);
  }
  return new FormatError("UNKNOWN_TAG", at, `the record's tag is ${showTag(tag)}`);
}
