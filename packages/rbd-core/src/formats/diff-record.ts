import type { ByteReader } from "./bytes.ts";
import { FormatError, type FormatErrorCode } from "./format-error.ts";

/** The metadata of a diff, which comes before its extents. */
export interface DiffHeader {
  /** The snapshot it starts from; absent in a diff from nothing. */
  readonly from?: string;
  /** The snapshot it leads to; absent in a diff to an image's head. */
  readonly to?: string;
  /** Whether the snapshot it leads to is protected. Version 2 alone knows. */
  readonly protected?: boolean;
  /** The image's size at the end, in bytes. */
  readonly size: number;
}

/**
 * A diff's extents as they pass by. A `write` announces `length` bytes from `offset` on, and is followed by
 * `data` pieces, each with its own offset in the image, that make up exactly those bytes. Nothing else stands
 * between them. A `zero` stands alone.
 */
export type DiffRecord =
  | { readonly type: "write"; readonly offset: number; readonly length: number }
  | { readonly type: "data"; readonly offset: number; readonly data: Uint8Array }
  | { readonly type: "zero"; readonly offset: number; readonly length: number };

export type DiffVersion = 1 | 2;

/** A diff that is being read: its header is known, its records are still to come, once. */
export interface Diff extends AsyncDisposable {
  readonly version: DiffVersion;
  readonly header: DiffHeader;
  readonly records: AsyncGenerator<DiffRecord, void, undefined>;
}

/** The banners and record tags of what `rbd export-diff` and `rbd export --export-format 2` write. */
export const diffBanners = { 1: "rbd diff v1\n", 2: "rbd diff v2\n" } as const;
export const imageBanner = "rbd image v2\n";
export const imageDiffsBanner = "rbd image diffs v2\n";

const tag = (letter: string) => letter.charCodeAt(0);

export const diffTags = {
  from: tag("f"),
  to: tag("t"),
  protection: tag("p"),
  size: tag("s"),
  write: tag("w"),
  zero: tag("z"),
  end: tag("e"),
} as const;

export const imageTags = {
  order: tag("O"),
  features: tag("T"),
  stripeUnit: tag("U"),
  stripeCount: tag("C"),
  metadata: tag("M"),
  end: tag("E"),
} as const;

/** A tag for a message: the letter when it is one, the number otherwise. */
export function showTag(value: number): string {
  const letter = value >= 0x21 && value <= 0x7e ? `"${String.fromCharCode(value)}"` : "";
  return letter === "" ? `0x${value.toString(16).padStart(2, "0")}` : letter;
}

const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
const high = 2 ** 32;

/**
 * A little-endian 64-bit number that must be below 2^53.
 *
 * @param at The field's offset in the stream, for the error.
 * @throws {FormatError} `OUT_OF_RANGE`
 */
export function u64(bytes: Buffer, index: number, at: number, what: string): number {
  const value = bytes.readUInt32LE(index + 4) * high + bytes.readUInt32LE(index);
  // Above 2^53 the sum is rounded, but never to below it.
  if (value <= Number.MAX_SAFE_INTEGER) return value;
  const exact = bytes.readBigUInt64LE(index);
  throw new FormatError("OUT_OF_RANGE", at, `${what} is ${exact}, more than 2^53 - 1`);
}

/** The same number, written. */
export function putU64(bytes: Buffer, index: number, value: number): void {
  bytes.writeUInt32LE(value % high, index);
  bytes.writeUInt32LE(Math.floor(value / high), index + 4);
}

/**
 * Text that librbd can carry: not empty, UTF-8, no NUL.
 *
 * @throws {FormatError} `BAD_NAME`
 */
export function text(bytes: Buffer, at: number, what: string): string {
  if (bytes.length === 0) throw new FormatError("BAD_NAME", at, `${what} is empty`);
  if (bytes.includes(0)) throw new FormatError("BAD_NAME", at, `${what} contains NUL`);
  try {
    return utf8.decode(bytes);
  } catch (cause) {
    throw new FormatError("BAD_NAME", at, `${what} is not UTF-8`, { cause });
  }
}

/**
 * In which order extents may come.
 *
 * - `ascending`: each begins where the one before it ended, or later. What `rbd merge-diff` needs.
 * - `any`: as they come, later ones winning over earlier ones, as `rbd import-diff` applies them. `rbd
 *   export-diff` writes such streams for images with striping.
 */
export type ExtentOrder = "ascending" | "any";

/** Checks extents one after the other against the image's size and against each other. */
export class ExtentRules {
  readonly #size: number;
  readonly #order: ExtentOrder;
  #start = 0;
  #end = 0;

  constructor(size: number, order: ExtentOrder) {
    this.#size = size;
    this.#order = order;
  }

  /**
   * @param at Where the record stands in the stream.
   * @throws {FormatError} `EMPTY_RECORD`, `OUT_OF_RANGE`, `OUT_OF_ORDER`, `OVERLAP`
   */
  check(offset: number, length: number, at: number): void {
    const refusal = (code: FormatErrorCode, problem: string) =>
      new FormatError(code, at, `the extent of ${length} bytes at ${offset} ${problem}`);
    if (length === 0) throw refusal("EMPTY_RECORD", "is empty");
    // Written so that no sum can pass 2^53.
    if (offset > this.#size || length > this.#size - offset) {
      throw refusal("OUT_OF_RANGE", `ends beyond the image's size of ${this.#size}`);
    }
    if (this.#order === "any") return;
    if (offset < this.#start) throw refusal("OUT_OF_ORDER", `comes after one at ${this.#start}`);
    if (offset < this.#end) throw refusal("OVERLAP", `begins before ${this.#end}, where the last one ended`);
    this.#start = offset;
    this.#end = offset + length;
  }
}

/**
 * Reads the line that a stream begins with, byte by byte, so that it stops at the first that fits no banner.
 *
 * @throws {FormatError} `BAD_MAGIC`, or `TRUNCATED` when the stream ends inside a banner.
 */
export async function readBanner(reader: ByteReader, banners: readonly string[]): Promise<string> {
  const start = reader.position;
  let read = "";
  for (;;) {
    const found = banners.find((banner) => banner === read);
    if (found !== undefined) return found;
    await reader.need(1, "the banner");
    read += String.fromCharCode(reader.peek());
    if (!banners.some((banner) => banner.startsWith(read))) {
      const expected = banners.map((banner) => JSON.stringify(banner.trimEnd())).join(" or ");
      throw new FormatError(
        "BAD_MAGIC",
        start,
        `the stream begins with ${JSON.stringify(read)}, not ${expected}`,
      );
    }
    reader.take(1);
  }
}
