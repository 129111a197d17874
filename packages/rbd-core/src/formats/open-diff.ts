import { ByteReader } from "./byte-reader.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Diff, DiffRecord, DiffVersion } from "./diff-record.ts";
import type { ExtentOrder } from "./extent-rules.ts";
import { FormatError } from "./format-error.ts";
import { parseDiffHeader } from "./parse-diff-header.ts";
import { parseDiffRecords } from "./parse-diff-records.ts";
import { readBanner } from "./read-banner.ts";
import { diffBanners } from "./tags.ts";

export interface OpenOptions {
  /** Whether extents must ascend; `ascending` unless said otherwise. */
  readonly order?: ExtentOrder;
}

/**
 * Starts reading a diff of version 1 (`rbd export-diff`) or 2 (as it stands in an image stream). Its header is
 * read at once, its records as they are asked for; a source that is a stream is destroyed at the end, on an
 * error, and when the diff is disposed.
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
