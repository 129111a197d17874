import { FormatError } from "./format-error.ts";

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
