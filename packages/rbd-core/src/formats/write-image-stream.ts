import { Readable } from "node:stream";
import { coalesce } from "./bytes.ts";
import {
  type DiffHeader,
  type DiffRecord,
  type ExtentOrder,
  imageBanner,
  imageDiffsBanner,
  imageTags,
  putU64,
  text,
} from "./diff-record.ts";
import { FormatError, longestMetadata, mostDiffs, mostMetadata } from "./format-error.ts";
import type { ImageHeader } from "./read-image-stream.ts";
import { encodeDiff } from "./write-diff.ts";

/** A diff to be written. Its records are read when its turn comes. */
export interface DiffPart {
  readonly header: DiffHeader;
  readonly records: AsyncIterable<DiffRecord> | Iterable<DiffRecord>;
}

interface WriteImageStreamOptions {
  /** Whether extents must ascend; `ascending` by default. */
  readonly order?: ExtentOrder | undefined;
}

/**
 * A stream as `rbd export --export-format 2` writes it.
 *
 * @param diffCount Snapshots and the head.
 * @param diffs That many, oldest first: the first without `from`, the last without `to`.
 * @throws {FormatError} through the stream, for what the format cannot hold.
 */
export function writeImageStream(
  header: ImageHeader,
  diffCount: number,
  diffs: AsyncIterable<DiffPart> | Iterable<DiffPart>,
  options: WriteImageStreamOptions = {},
): Readable {
  return Readable.from(coalesce(encodeImage(header, diffCount, diffs, options)), { objectMode: false });
}

async function* encodeImage(
  header: ImageHeader,
  diffCount: number,
  diffs: AsyncIterable<DiffPart> | Iterable<DiffPart>,
  options: WriteImageStreamOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const head = encodeImageHeader(header, diffCount);
  yield head;
  let count = 0;
  let last: string | undefined;
  for await (const diff of diffs) {
    count++;
    const { from, to } = diff.header;
    if (count > diffCount || from !== last || (to === undefined) !== (count === diffCount)) {
      const problem = `diff ${count} of ${diffCount}, from ${from ?? "nothing"} to ${to ?? "the head"}, does not fit`;
      throw new FormatError("CHAIN_MISMATCH", head.length, problem);
    }
    yield* encodeDiff(diff.header, diff.records, { ...options, version: 2 });
    last = to;
  }
  if (count === diffCount) return;
  throw new FormatError(
    "CHAIN_MISMATCH",
    head.length,
    `${count} diffs came where ${diffCount} were announced`,
  );
}

function encodeImageHeader(header: ImageHeader, diffCount: number): Buffer {
  if (diffCount > mostDiffs)
    throw new FormatError("TOO_LONG", 0, `${diffCount} diffs are more than ${mostDiffs}`);
  const parts: Buffer[] = [Buffer.from(imageBanner)];
  const add = (tag: number, content: Buffer) => {
    const framing = Buffer.alloc(9);
    framing.writeUInt8(tag, 0);
    putU64(framing, 1, content.length);
    parts.push(framing, content);
  };
  const number = (value: bigint) => {
    const content = Buffer.alloc(8);
    content.writeBigUInt64LE(value, 0);
    return content;
  };
  add(imageTags.order, number(BigInt(header.order)));
  add(imageTags.features, number(header.features));
  add(imageTags.stripeUnit, number(BigInt(header.stripeUnit)));
  add(imageTags.stripeCount, number(BigInt(header.stripeCount)));
  let metadataBytes = 0;
  for (const pair of header.metadata) {
    const content = encodePair(pair);
    metadataBytes += content.length;
    if (content.length > longestMetadata || metadataBytes > mostMetadata) {
      throw new FormatError(
        "TOO_LONG",
        0,
        `${metadataBytes} bytes of metadata are more than the limits allow`,
      );
    }
    add(imageTags.metadata, content);
  }
  parts.push(Buffer.of(imageTags.end), Buffer.from(imageDiffsBanner), number(BigInt(diffCount)));
  return Buffer.concat(parts);
}

function encodePair([key, value]: readonly [string, string]): Buffer {
  const [keyBytes, valueBytes] = [Buffer.from(key, "utf8"), Buffer.from(value, "utf8")];
  text(keyBytes, 0, "a metadata key");
  const content = Buffer.alloc(8 + keyBytes.length + valueBytes.length);
  content.writeUInt32LE(keyBytes.length, 0);
  keyBytes.copy(content, 4);
  content.writeUInt32LE(valueBytes.length, 4 + keyBytes.length);
  valueBytes.copy(content, 8 + keyBytes.length);
  return content;
}
