import { ByteReader, type ByteSource } from "./bytes.ts";
import {
  type Diff,
  type DiffHeader,
  type DiffRecord,
  diffBanners,
  type ExtentOrder,
  imageBanner,
  imageDiffsBanner,
  imageTags,
  readBanner,
  showTag,
  text,
  u64,
} from "./diff-record.ts";
import { FormatError, longestMetadata, mostDiffs, mostMetadata } from "./format-error.ts";
import { diffBehindBanner, type OpenOptions, parseDiffHeader, parseDiffRecords } from "./read-diff.ts";
import { decompressIfZstd } from "./zstd.ts";

/** The properties of an image that `rbd export --export-format 2` writes beside its contents. */
export interface ImageHeader {
  /** Objects have 2^order bytes. */
  readonly order: number;
  /** RBD feature bits. */
  readonly features: bigint;
  /** In bytes; the object's size for an image without striping. */
  readonly stripeUnit: number;
  readonly stripeCount: number;
  /** The image's metadata, in the stream's order. */
  readonly metadata: readonly (readonly [key: string, value: string])[];
}

/**
 * An image stream that is being read. `diffs` are one for each snapshot, oldest first, and one for the head:
 * the first starts from nothing, each other at the one before. A diff's records must be read before the next
 * diff is asked for; unread records are skipped then.
 */
interface ImageStream extends AsyncDisposable {
  readonly header: ImageHeader;
  readonly diffCount: number;
  readonly diffs: AsyncGenerator<Diff, void, undefined>;
}

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
async function imageBehindBanner(reader: ByteReader, order: ExtentOrder): Promise<ImageStream> {
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

/** Passes records on without ending their generator when the receiver stops early: the rest is skipped later. */
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

const numbers = new Map<number, "order" | "features" | "stripeUnit" | "stripeCount">([
  [imageTags.order, "order"],
  [imageTags.features, "features"],
  [imageTags.stripeUnit, "stripeUnit"],
  [imageTags.stripeCount, "stripeCount"],
]);
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/**
 * Reads an image's properties up to and with their end record.
 *
 * @throws {FormatError}
 */
async function parseImageHeader(reader: ByteReader): Promise<ImageHeader> {
  const found: Partial<Record<"order" | "features" | "stripeUnit" | "stripeCount", bigint>> = {};
  const metadata: [string, string][] = [];
  let metadataBytes = 0;
  for (;;) {
    const at = reader.position;
    await reader.need(1, "an image property");
    const tag = reader.take(1).readUInt8(0);
    if (tag === imageTags.end) return complete(found, metadata, at);
    const name = numbers.get(tag);
    if (name === undefined && tag !== imageTags.metadata) {
      throw new FormatError("UNKNOWN_TAG", at, `the image property's tag is ${showTag(tag)}`);
    }
    const what = `the image property ${name ?? "metadata"}`;
    await reader.need(8, what);
    const length = u64(reader.take(8), 0, at + 1, `the length of ${what}`);
    if (name === undefined) {
      metadataBytes += length;
      if (length > longestMetadata || metadataBytes > mostMetadata) {
        const problem = `${metadataBytes} bytes of metadata are more than the limits allow`;
        throw new FormatError("TOO_LONG", at + 1, problem);
      }
      metadata.push(await pair(reader, length, what));
      continue;
    }
    if (found[name] !== undefined) throw new FormatError("DUPLICATE_RECORD", at, `${what} is there twice`);
    if (length !== 8) throw new FormatError("LENGTH_MISMATCH", at + 1, `${what} has ${length} bytes, not 8`);
    await reader.need(8, what);
    found[name] = reader.take(8).readBigUInt64LE(0);
  }
}

async function pair(reader: ByteReader, length: number, what: string): Promise<[string, string]> {
  const start = reader.position;
  await reader.need(length, what);
  const bytes = reader.take(length);
  const key = part(bytes, 0, start, `${what}'s key`);
  const value = part(bytes, 4 + key.length, start, `${what}'s value`);
  if (8 + key.length + value.length !== length) {
    const problem = `${what} announces ${length} bytes where its content has ${8 + key.length + value.length}`;
    throw new FormatError("LENGTH_MISMATCH", start - 8, problem);
  }
  return [text(key, start + 4, `${what}'s key`), valueText(value, start + 8 + key.length, `${what}'s value`)];
}

function part(bytes: Buffer, index: number, start: number, what: string): Buffer {
  const length = bytes.length - index < 4 ? Number.POSITIVE_INFINITY : bytes.readUInt32LE(index);
  if (length <= bytes.length - index - 4) return bytes.subarray(index + 4, index + 4 + length);
  throw new FormatError("LENGTH_MISMATCH", start + index, `${what} is longer than its record`);
}

function valueText(bytes: Buffer, at: number, what: string): string {
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new FormatError("BAD_VALUE", at, `${what} is not UTF-8`, { cause });
  }
}

function complete(
  found: Partial<Record<"order" | "features" | "stripeUnit" | "stripeCount", bigint>>,
  metadata: readonly (readonly [string, string])[],
  at: number,
): ImageHeader {
  const { order, features } = found;
  if (order === undefined) throw new FormatError("MISSING_RECORD", at, "the image property order is missing");
  if (features === undefined) {
    throw new FormatError("MISSING_RECORD", at, "the image property features is missing");
  }
  // librbd's own bounds for the order of an image (4 KiB to 32 MiB).
  if (order < 12n || order > 25n)
    throw new FormatError("BAD_VALUE", at, `the order ${order} is not within 12 to 25`);
  const stripeUnit = found.stripeUnit ?? 1n << order;
  const stripeCount = found.stripeCount ?? 1n;
  if (stripeUnit < 1n || stripeUnit > 1n << order || (1n << order) % stripeUnit !== 0n) {
    throw new FormatError(
      "BAD_VALUE",
      at,
      `the stripe unit ${stripeUnit} does not divide objects of 2^${order} bytes`,
    );
  }
  if (stripeCount < 1n || stripeCount > 0xffff_ffffn) {
    throw new FormatError("BAD_VALUE", at, `the stripe count is ${stripeCount}`);
  }
  return {
    order: Number(order),
    features,
    stripeUnit: Number(stripeUnit),
    stripeCount: Number(stripeCount),
    metadata,
  };
}

type OpenedStream = { readonly compressed: boolean } & (
  | { readonly kind: "diff"; readonly diff: Diff }
  | { readonly kind: "image"; readonly image: ImageStream }
);

/**
 * Starts reading a diff or an image stream, whichever it is, compressed with zstd or not.
 *
 * @throws {FormatError} here or while the records are read; its offset counts decompressed bytes.
 */
export async function openStream(source: ByteSource, options: OpenOptions = {}): Promise<OpenedStream> {
  const { content, compressed } = await decompressIfZstd(source);
  const reader = new ByteReader(content);
  const order = options.order ?? "ascending";
  try {
    const banner = await readBanner(reader, [...Object.values(diffBanners), imageBanner]);
    if (banner === imageBanner) {
      return { kind: "image", compressed, image: await imageBehindBanner(reader, order) };
    }
    const version = banner === diffBanners[1] ? 1 : 2;
    return { kind: "diff", compressed, diff: await diffBehindBanner(reader, version, order) };
  } catch (error) {
    await reader.close();
    throw error;
  }
}
