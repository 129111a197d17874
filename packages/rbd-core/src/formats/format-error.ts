/**
 * Every `code` a {@link FormatError} can carry. The set is closed.
 *
 * - `BAD_MAGIC`: the stream does not begin with a banner that is known.
 * - `TRUNCATED`: the stream ends inside a record, or before its end record.
 * - `UNKNOWN_TAG`: a record of a kind that the format does not have.
 * - `MISPLACED_RECORD`: a record that belongs before another that was already there.
 * - `DUPLICATE_RECORD`: a record that can be there once, twice.
 * - `MISSING_RECORD`: a record without which the stream cannot be understood.
 * - `LENGTH_MISMATCH`: two lengths in the stream contradict each other.
 * - `EMPTY_RECORD`: a write or zero record of no length.
 * - `OUT_OF_RANGE`: an offset, length or size beyond the image's end, or beyond 2^53.
 * - `OUT_OF_ORDER`: extents that do not ascend, where they must.
 * - `OVERLAP`: two extents that share bytes, where they must not.
 * - `BAD_NAME`: a name that is empty, not UTF-8, or holds NUL.
 * - `BAD_VALUE`: a field with a value that has no meaning.
 * - `TOO_LONG`: a name, a piece of metadata or a list above the limits below.
 * - `TRAILING_DATA`: bytes after the end.
 * - `CHAIN_MISMATCH`: a diff that does not start where the one before it ended.
 * - `BAD_COMPRESSION`: compressed data that does not decompress.
 * - `BAD_SIDECAR`: a sidecar that is not one, or contradicts itself.
 * - `DIGEST_MISMATCH`: content that is not what its digest says.
 */
export const formatErrorCodes = [
  "BAD_MAGIC",
  "TRUNCATED",
  "UNKNOWN_TAG",
  "MISPLACED_RECORD",
  "DUPLICATE_RECORD",
  "MISSING_RECORD",
  "LENGTH_MISMATCH",
  "EMPTY_RECORD",
  "OUT_OF_RANGE",
  "OUT_OF_ORDER",
  "OVERLAP",
  "BAD_NAME",
  "BAD_VALUE",
  "TOO_LONG",
  "TRAILING_DATA",
  "CHAIN_MISMATCH",
  "BAD_COMPRESSION",
  "BAD_SIDECAR",
  "DIGEST_MISMATCH",
] as const;

export type FormatErrorCode = (typeof formatErrorCodes)[number];

/**
 * Thrown by everything that reads or writes a diff, an image stream or a sidecar, when the bytes are not what
 * the format asks for.
 */
export class FormatError extends Error {
  override readonly name = "FormatError";
  readonly code: FormatErrorCode;
  /** The position of the error in the (decompressed) stream, in bytes from its beginning. */
  readonly offset: number;

  /** @param problem What is wrong, as one sentence without a full stop. */
  constructor(code: FormatErrorCode, offset: number, problem: string, options?: { cause?: unknown }) {
    super(`${problem} (at byte ${offset})`, options);
    this.code = code;
    this.offset = offset;
  }
}

/**
 * The most bytes a snapshot's name can have in a diff: what Ceph's own readers accept, so that a corrupt length
 * is not read as a name.
 */
export const longestSnapshotName = 4096;

/** The most bytes of one piece of image metadata, key and value together. */
export const longestMetadata = 1024 ** 2;

/** The most bytes of metadata of one image. */
export const mostMetadata = 16 * 1024 ** 2;

/** The most diffs in one image stream: snapshots and the head. */
export const mostDiffs = 65_536;
