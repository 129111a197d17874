import { Readable } from "node:stream";
import { coalesce } from "./coalesce.ts";
import type { DiffHeader, DiffRecord } from "./diff-record.ts";
import { type EncodeDiffOptions, encodeDiff } from "./encode-diff.ts";

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
