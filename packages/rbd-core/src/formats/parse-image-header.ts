import type { ByteReader } from "./byte-reader.ts";
import { text, u64 } from "./fields.ts";
import { FormatError } from "./format-error.ts";
import type { ImageHeader } from "./image-stream.ts";
import { longestMetadata, mostMetadata } from "./limits.ts";
import { imageTags, showTag } from "./tags.ts";

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
export async function parseImageHeader(reader: ByteReader): Promise<ImageHeader> {
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
