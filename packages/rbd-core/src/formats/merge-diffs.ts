import { Readable } from "node:stream";
import type { ByteSource } from "./byte-source.ts";
import { coalesce } from "./coalesce.ts";
import type { Diff, DiffVersion } from "./diff-record.ts";
import { encodeDiff } from "./encode-diff.ts";
import { type MergePart, mergeHeaders, mergeRecords } from "./merge-records.ts";
import { openDiff } from "./open-diff.ts";

export interface MergeDiffsOptions {
  /** The version to write; 1 unless said otherwise. */
  readonly version?: DiffVersion;
}

/**
 * Makes one diff of a chain of them, oldest first, without any image: a synthetic full when the first starts
 * from nothing. Streams; memory does not grow with the diffs. Two diffs of version 1 become byte for byte what
 * `rbd merge-diff` writes.
 *
 * @throws {FormatError} through the stream: a diff that is damaged or whose extents do not ascend,
 * `CHAIN_MISMATCH` when one does not start where the one before it ended.
 */
export function mergeDiffs(sources: readonly ByteSource[], options: MergeDiffsOptions = {}): Readable {
  return Readable.from(coalesce(merged(sources, options)), { objectMode: false });
}

async function* merged(
  sources: readonly ByteSource[],
  options: MergeDiffsOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const opened: Diff[] = [];
  try {
    for (const source of sources) opened.push(await openDiff(source));
    const whole = fold(opened);
    yield* encodeDiff(whole.header, whole.records, { version: options.version ?? 1 });
  } finally {
    for (const diff of opened) await diff[Symbol.asyncDispose]();
    // Streams that were never read from do not end by themselves.
    for (const source of sources) if (source instanceof Readable) source.destroy();
  }
}

/** Merges halves first: a record of a chain of n diffs then passes through log n merges and not n. */
function fold(parts: readonly MergePart[]): MergePart {
  const [only] = parts;
  if (only === undefined) throw new RangeError("there is no diff to merge");
  if (parts.length === 1) return only;
  const middle = Math.ceil(parts.length / 2);
  const [first, second] = [fold(parts.slice(0, middle)), fold(parts.slice(middle))];
  return { header: mergeHeaders(first.header, second.header), records: mergeRecords(first, second) };
}
