/**
 * Bytes that are not what Ceph would have written there: cut short, damaged, or of a version that only a newer
 * client understands. Says where, so that the object can be looked at with `rados listomapvals`.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** What was being read: an omap key or a structure, such as `snapshot_000000000000000a`. */
  readonly structure: string;
  /** Where in the value, in bytes from its start. */
  readonly offset: number;

  constructor(structure: string, offset: number, problem: string) {
    super(`${structure} cannot be decoded: ${problem}, at byte ${offset}`);
    this.structure = structure;
    this.offset = offset;
  }
}

/** The bytes that `ENCODE_START` puts before a structure: u8 version, u8 oldest able reader, u32 length. */
const versionHeaderBytes = 6;

/** Made once: a bigint is an object. */
const smallBigints: readonly bigint[] = Array.from({ length: 1024 }, (_, value) => BigInt(value));

/**
 * Reads Ceph's encodings (`include/encoding.h`): little-endian integers, length-prefixed strings and lists,
 * structures with a version and a length. Never reads past the end and never allocates by a length that the
 * bytes at hand do not cover: what does not fit is a {@link DecodeError}.
 */
export class ByteReader {
  #structure: string;
  readonly #bytes: Buffer;
  #start = 0;
  #offset = 0;
  #end: number;

  constructor(structure: string, bytes: Uint8Array) {
    this.#structure = structure;
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#end = this.#bytes.length;
  }

  /** Reads what stands from `start` to `end` of the same bytes next, as if there were nothing else. */
  aim(structure: string, start: number, end: number): void {
    this.#structure = structure;
    this.#start = start;
    this.#offset = start;
    this.#end = end;
  }

  /** From the start of what is being read. */
  get offset(): number {
    return this.#offset - this.#start;
  }

  /** Bytes left in the structure being read. */
  get remaining(): number {
    return this.#end - this.#offset;
  }

  u8(): number {
    return this.#bytes.readUInt8(this.#take(1));
  }

  u32(): number {
    return this.#bytes.readUInt32LE(this.#take(4));
  }

  u64(): bigint {
    const at = this.#take(8);
    const low = this.#bytes.readUInt32LE(at);
    // Most are a few bits or a low number, of which thousands of images need not have a copy each.
    if (low < smallBigints.length && this.#bytes.readUInt32LE(at + 4) === 0)
      return smallBigints[low] as bigint;
    return this.#bytes.readBigUInt64LE(at);
  }

  /** A size, offset or count that must be exact as a `number`. */
  size(): number {
    const at = this.#take(8);
    const high = this.#bytes.readUInt32LE(at + 4);
    const value = high * 2 ** 32 + this.#bytes.readUInt32LE(at);
    if (!Number.isSafeInteger(value)) this.#failAt(`a size of ${this.#bytes.readBigUInt64LE(at)}`, at);
    return value;
  }

  /** A pool's number; -1 stands for none. */
  poolId(): number {
    const at = this.#take(8);
    const high = this.#bytes.readInt32LE(at + 4);
    const value = high * 2 ** 32 + this.#bytes.readUInt32LE(at);
    if (value < -1 || value > 0x7fff_ffff) {
      this.#failAt(`a pool number of ${this.#bytes.readBigInt64LE(at)}`, at);
    }
    return value;
  }

  bool(): boolean {
    return this.u8() !== 0;
  }

  /** A buffer with its length before it. Not a copy. */
  bytes(): Buffer {
    return this.raw(this.u32());
  }

  /** The next `length` bytes as they are. Not a copy. */
  raw(length: number): Buffer {
    const at = this.#take(length);
    return this.#bytes.subarray(at, at + length);
  }

  string(): string {
    const length = this.u32();
    const at = this.#take(length);
    return this.#bytes.toString("utf8", at, at + length);
  }

  /** `utime_t`: u32 seconds, u32 nanoseconds. `null` for Ceph's zero, which stands for "never". */
  time(): Date | null {
    const seconds = this.u32();
    const nanoseconds = this.u32();
    if (seconds === 0 && nanoseconds === 0) return null;
    return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  }

  /** `std::optional`: a flag, then perhaps the value. */
  optional<T>(read: () => T): T | null {
    return this.bool() ? read() : null;
  }

  /** A list, set or map: u32 count, then the entries, of `leastBytes` each at the least. */
  list<T>(leastBytes: number, read: () => T): T[] {
    const at = this.#offset;
    const count = this.u32();
    if (count * leastBytes > this.remaining) {
      this.#failAt(`a list of ${count} entries where ${this.remaining} bytes are left`, at);
    }
    const entries: T[] = [];
    for (let index = 0; index < count; index++) entries.push(read());
    return entries;
  }

  /**
   * A structure between `ENCODE_START` and `ENCODE_FINISH`. What a newer version put behind the fields that
   * `read` knows is skipped.
   *
   * @param understood the newest version whose fields `read` knows
   * @throws {DecodeError} when the writer demands a reader newer than that
   */
  versioned<T>(name: string, understood: number, read: (version: number, compat: number) => T): T {
    const at = this.#take(versionHeaderBytes);
    const version = this.#bytes.readUInt8(at);
    const compat = this.#bytes.readUInt8(at + 1);
    const length = this.#bytes.readUInt32LE(at + 2);
    if (compat > understood) {
      this.#failAt(`${name} needs a reader of version ${compat}, this one knows ${understood}`, at);
    }
    if (length > this.remaining) {
      this.#failAt(`${name} says it has ${length} bytes where ${this.remaining} are left`, at);
    }
    const outerEnd = this.#end;
    this.#end = this.#offset + length;
    const value = read(version, compat);
    this.#offset = this.#end;
    this.#end = outerEnd;
    return value;
  }

  /** Makes sure that nothing is left: for values that have no version and so no room to grow. */
  finish(): void {
    if (this.remaining > 0) this.fail(`${this.remaining} bytes too many`);
  }

  /** @throws {DecodeError} always */
  fail(problem: string, offset: number = this.offset): never {
    throw new DecodeError(this.#structure, offset, problem);
  }

  #failAt(problem: string, at: number): never {
    this.fail(problem, at - this.#start);
  }

  #take(length: number): number {
    const at = this.#offset;
    if (length > this.#end - at) {
      this.#failAt(`${length} bytes are needed where ${this.#end - at} are left`, at);
    }
    this.#offset = at + length;
    return at;
  }
}

/** Reads a whole value with `read`. A value without a version must be used up by it: pass `exact`. */
export function decodeValue<T>(
  structure: string,
  bytes: Uint8Array,
  read: (reader: ByteReader) => T,
  exact = false,
): T {
  const reader = new ByteReader(structure, bytes);
  const value = read(reader);
  if (exact) reader.finish();
  return value;
}

/** Ceph's encodings, little-endian (`include/encoding.h`), for what is sent to object classes. */

export function encodeU32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}

export function encodeU64(value: bigint): Buffer {
  const bytes = Buffer.alloc(8);
  bytes.writeBigUInt64LE(value);
  return bytes;
}

/** A string, or bytes given as text, with the length before it. */
export function encodeText(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([encodeU32(bytes.length), bytes]);
}
