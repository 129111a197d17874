import type { ByteReader } from "./byte-reader.ts";
import type { DiffHeader, DiffVersion } from "./diff-record.ts";
import { text, u64 } from "./fields.ts";
import { FormatError } from "./format-error.ts";
import { longestSnapshotName } from "./limits.ts";
import { diffTags, showTag } from "./tags.ts";

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
  // Ceph 16 announces 8 bytes and writes one; its readers do not look at the length of a record they know.
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
export function sameLength(
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
