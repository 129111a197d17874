import { createHash } from "node:crypto";
import { FormatError } from "./format-error.ts";

/** Where bytes come from: a Node `Readable`, an async generator, or an array of buffers. */
export type ByteSource = AsyncIterable<Uint8Array> | Iterable<Uint8Array>;

const nothing = Buffer.alloc(0);

/**
 * Reads exact numbers of bytes from a source with chunks of any size. It holds at most one chunk of the source, or the
 * bytes that {@link need} waits for, and asks for the next chunk only when it has to, so that back-pressure works.
 */
export class ByteReader {
  readonly #iterator: AsyncIterator<Uint8Array> | Iterator<Uint8Array>;
  #buffer: Buffer = nothing;
  #at = 0;
  #position = 0;
  #ended = false;

  constructor(source: ByteSource) {
    this.#iterator =
      Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  }

  /** Bytes taken so far: the offset of the next one. */
  get position(): number {
    return this.#position;
  }

  /**
   * Waits until `count` bytes can be taken at once.
   *
   * @param what What is being read, for the message.
   * @throws {FormatError} `TRUNCATED`, at the stream's end.
   */
  async need(count: number, what: string): Promise<void> {
    let missing = count - this.#available;
    if (missing <= 0) return;
    // Joined once at the end, so that a source of single bytes does not cost the square of their number.
    const parts = [this.#buffer.subarray(this.#at)];
    let held = this.#available;
    while (missing > 0) {
      const chunk = await this.#next();
      if (chunk === undefined) {
        throw new FormatError("TRUNCATED", this.#position + held, `the stream ends where ${what} should be`);
      }
      parts.push(chunk);
      held += chunk.length;
      missing -= chunk.length;
    }
    const [first, last] = [parts[0] ?? nothing, parts.at(-1) ?? nothing];
    this.#buffer = first.length === 0 && parts.length === 2 ? last : Buffer.concat(parts, held);
    this.#at = 0;
  }

  /** The next byte, left where it is. Only after `need(1)` or more. */
  peek(): number {
    return this.#buffer.readUInt8(this.#at);
  }

  /** Takes `count` bytes that {@link need} waited for: a view that stays valid, because nothing writes to it again. */
  take(count: number): Buffer {
    const taken = this.#buffer.subarray(this.#at, this.#at + count);
    this.#at += count;
    this.#position += count;
    return taken;
  }

  /** Takes the bytes that are available, at least one and at most `most`, without copying. */
  async chunk(most: number, what: string): Promise<Buffer> {
    await this.need(1, what);
    return this.take(Math.min(most, this.#available));
  }

  /** Whether the source has ended. */
  async atEnd(): Promise<boolean> {
    while (this.#available === 0) {
      const chunk = await this.#next();
      if (chunk === undefined) return true;
      this.#buffer = chunk;
      this.#at = 0;
    }
    return false;
  }

  /** Closes the source; a stream is destroyed. */
  async close(): Promise<void> {
    this.#ended = true;
    this.#buffer = nothing;
    this.#at = 0;
    await this.#iterator.return?.();
  }

  get #available(): number {
    return this.#buffer.length - this.#at;
  }

  async #next(): Promise<Buffer | undefined> {
    if (this.#ended) return undefined;
    const { done, value } = await this.#iterator.next();
    if (done === true) {
      this.#ended = true;
      return undefined;
    }
    if (!(value instanceof Uint8Array)) throw new TypeError("the source yields something else than bytes");
    return Buffer.from(value.buffer, value.byteOffset, value.byteLength);
  }
}

interface ByteDigest {
  readonly bytes: number;
  /** In hexadecimal. */
  readonly sha256: string;
}

/**
 * Passes bytes on and takes their digest.
 *
 * @returns The bytes, and a function that gives the digest of all that has passed.
 */
export function digesting(source: ByteSource): {
  readonly content: AsyncGenerator<Uint8Array, void, undefined>;
  digest(): ByteDigest;
} {
  const hash = createHash("sha256");
  let bytes = 0;
  const content = (async function* () {
    for await (const chunk of source) {
      hash.update(chunk);
      bytes += chunk.length;
      yield chunk;
    }
  })();
  return { content, digest: () => ({ bytes, sha256: hash.copy().digest("hex") }) };
}

const enough = 64 * 1024;

/** Joins small pieces into chunks of at least 64 KiB, and passes large ones on without copying them. */
export async function* coalesce(
  source: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let held: Uint8Array[] = [];
  let size = 0;
  const flush = () => {
    const joined = Buffer.concat(held, size);
    held = [];
    size = 0;
    return joined;
  };
  for await (const piece of source) {
    if (piece.length >= enough) {
      if (size > 0) yield flush();
      yield piece;
      continue;
    }
    held.push(piece);
    size += piece.length;
    if (size >= enough) yield flush();
  }
  if (size > 0) yield flush();
}

/** A run within a buffer: `zero` when all its bytes are. Offsets and lengths in bytes. */
interface Run {
  readonly offset: number;
  readonly length: number;
  readonly zero: boolean;
}

const zeroes = Buffer.alloc(1024 ** 2);

/**
 * Splits a buffer into alternating runs of data and zeroes. A block counts as zero only when it is whole: `grain`
 * bytes at a multiple of `grain` from the image's beginning, or what is left of one at the buffer's ends.
 *
 * @param at The buffer's own offset in the image.
 * @param grain In bytes, at most 1 MiB.
 */
export function splitZeroes(data: Uint8Array, at: number, grain: number): Run[] {
  const bytes = Buffer.from(data.buffer, data.byteOffset, data.byteLength);
  if (bytes.length > grain && isZero(bytes)) return [{ offset: 0, length: bytes.length, zero: true }];
  const runs: { offset: number; length: number; zero: boolean }[] = [];
  for (let offset = 0; offset < bytes.length; ) {
    const length = Math.min(grain - ((at + offset) % grain), bytes.length - offset);
    const zero = bytes.compare(zeroes, 0, length, offset, offset + length) === 0;
    const last = runs.at(-1);
    if (last?.zero === zero) last.length += length;
    else runs.push({ offset, length, zero });
    offset += length;
  }
  return runs;
}

/** Whether all bytes are zero, in few calls: most of a thin disk is. Data ends the comparison at its first byte. */
function isZero(bytes: Buffer): boolean {
  for (let start = 0; start < bytes.length; start += zeroes.length) {
    const end = Math.min(start + zeroes.length, bytes.length);
    if (zeroes.compare(bytes, start, end, 0, end - start) !== 0) return false;
  }
  return true;
}
