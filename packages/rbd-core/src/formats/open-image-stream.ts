import { ByteReader } from "./byte-reader.ts";
import type { ByteSource } from "./byte-source.ts";
import type { Diff, DiffHeader, DiffRecord } from "./diff-record.ts";
import type { ExtentOrder } from "./extent-rules.ts";
import { u64 } from "./fields.ts";
import { FormatError } from "./format-error.ts";
import type { ImageStream } from "./image-stream.ts";
import { mostDiffs } from "./limits.ts";
import type { OpenOptions } from "./open-diff.ts";
import { parseDiffHeader } from "./parse-diff-header.ts";
import { parseDiffRecords } from "./parse-diff-records.ts";
import { parseImageHeader } from "./parse-image-header.ts";
import { readBanner } from "./read-banner.ts";
import { diffBanners, imageBanner, imageDiffsBanner } from "./tags.ts";

/**
 * Starts reading what `rbd export --export-format 2` writes: an image with all its snapshots.
 *
 * @throws {FormatError} here or while the diffs are read, whatever the bytes are.
 */
export async function openImageStream(source: ByteSource, options: OpenOptions = {}): Promise<ImageStream> {
  const reader = new ByteReader(source);
  try {
    await readBanner(reader, [imageBanner]);
    return await imageBehindBanner(reader, options.order ?? "ascending");
  } catch (error) {
    await reader.close();
    throw error;
  }
}

/** The rest of {@link openImageStream}, once the banner is read. */
export async function imageBehindBanner(reader: ByteReader, order: ExtentOrder): Promise<ImageStream> {
  const header = await parseImageHeader(reader);
  await readBanner(reader, [imageDiffsBanner]);
  const at = reader.position;
  await reader.need(8, "the number of diffs");
  const diffCount = u64(reader.take(8), 0, at, "the number of diffs");
  if (diffCount === 0)
    throw new FormatError("BAD_VALUE", at, "the number of diffs is 0, so there is no head");
  if (diffCount > mostDiffs) {
    throw new FormatError("TOO_LONG", at, `the number of diffs is ${diffCount}, more than ${mostDiffs}`);
  }
  const diffs = readDiffs(reader, diffCount, order);
  return { header, diffCount, diffs, [Symbol.asyncDispose]: () => reader.close() };
}

async function* readDiffs(
  reader: ByteReader,
  count: number,
  order: ExtentOrder,
): AsyncGenerator<Diff, void, undefined> {
  try {
    const names = new Set<string>();
    let last: string | undefined;
    for (let index = 0; index < count; index++) {
      const at = reader.position;
      await readBanner(reader, [diffBanners[2]]);
      const header = await parseDiffHeader(reader, 2);
      checkPlace(header, last, index === count - 1, names, at);
      const records = parseDiffRecords(reader, 2, header, order);
      yield { version: 2, header, records: lend(records), [Symbol.asyncDispose]: async () => {} };
      for await (const _ of records);
      last = header.to;
    }
    if (await reader.atEnd()) return;
    throw new FormatError("TRAILING_DATA", reader.position, "the stream goes on after the last diff");
  } finally {
    await reader.close();
  }
}

/** Passes records on without ending their generator when the receiver has had enough: the rest is skipped. */
async function* lend(
  records: AsyncGenerator<DiffRecord, void, undefined>,
): AsyncGenerator<DiffRecord, void, undefined> {
  for (;;) {
    const { done, value } = await records.next();
    if (done === true) return;
    yield value;
  }
}

function checkPlace(
  header: DiffHeader,
  last: string | undefined,
  isHead: boolean,
  names: Set<string>,
  at: number,
): void {
  const refuse = (problem: string) => new FormatError("CHAIN_MISMATCH", at, problem);
  const show = (name: string | undefined) => (name === undefined ? "nothing" : JSON.stringify(name));
  if (header.from !== last) {
    throw refuse(`a diff starts from ${show(header.from)} where it should start from ${show(last)}`);
  }
  if (isHead && header.to !== undefined)
    throw refuse(`the last diff leads to ${show(header.to)}, not to the head`);
  if (isHead) return;
  if (header.to === undefined) throw refuse("a diff that is not the last leads to the head");
  if (names.has(header.to)) throw refuse(`two diffs lead to ${show(header.to)}`);
  names.add(header.to);
}
