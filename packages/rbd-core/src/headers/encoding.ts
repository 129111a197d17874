/**
 * The bytes are not in the expected encoding: they are truncated, damaged, or of a version that only a newer client
 * understands. The message names the key and the offset, so that the object can be inspected with `rados listomapvals`.
 */
export class DecodeError extends Error {
  override readonly name = "DecodeError";
  /** The omap key or structure that was being decoded, such as `snapshot_000000000000000a`. */
  readonly structure: string;
  /** In bytes from the start of the value. */
  readonly offset: number;

  constructor(structure: string, offset: number, problem: string) {
    super(`${structure} cannot be decoded: ${problem}, at byte ${offset}`);
    this.structure = structure;
    this.offset = offset;
  }
}

/** What `ENCODE_START` writes before a structure: u8 version, u8 oldest compatible reader, u32 length. */
const versionHeaderBytes = 6;

/** A bigint is an object. Most values are small, so that sharing these saves memory over thousands of images. */
const smallBigints: readonly bigint[] = Array.from({ length: 1024 }, (_, value) => BigInt(value));

/**
 * Reads Ceph's encodings (`include/encoding.h`): little-endian integers, length-prefixed strings and lists,
 * structures with a version and a length. It never reads past the end and never allocates memory for a length that
 * exceeds the remaining bytes: both are a {@link DecodeError}.
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

  /** Continues with the value from `start` to `end` of the same buffer, so that one reader serves many values. */
  moveTo(structure: string, start: number, end: number): void {
    this.#structure = structure;
    this.#start = start;
    this.#offset = start;
    this.#end = end;
  }

  /** From the start of the value. */
  get offset(): number {
    return this.#offset - this.#start;
  }

  /** The bytes that are left of the structure or value. */
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
    if (low < smallBigints.length && this.#bytes.readUInt32LE(at + 4) === 0)
      return smallBigints[low] as bigint;
    return this.#bytes.readBigUInt64LE(at);
  }

  /** A u64 size, offset or count that a `number` can represent exactly. */
  size(): number {
    const at = this.#take(8);
    const high = this.#bytes.readUInt32LE(at + 4);
    const value = high * 2 ** 32 + this.#bytes.readUInt32LE(at);
    if (!Number.isSafeInteger(value)) this.#failAt(`a size of ${this.#bytes.readBigUInt64LE(at)}`, at);
    return value;
  }

  /** An int64 pool id; -1 stands for none. */
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

  /** A length-prefixed buffer. Not a copy. */
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

  /** `utime_t`: u32 seconds, u32 nanoseconds. `null` for zero, which stands for "never". */
  time(): Date | null {
    const seconds = this.u32();
    const nanoseconds = this.u32();
    if (seconds === 0 && nanoseconds === 0) return null;
    return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  }

  /** `std::optional`: a flag, then the value if the flag is set. */
  optional<T>(read: () => T): T | null {
    return this.bool() ? read() : null;
  }

  /** A list, set or map: u32 count, then the entries, each of `leastBytes` or more. */
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
   * A structure between `ENCODE_START` and `ENCODE_FINISH`. Fields that a newer version appended are skipped.
   *
   * @param understood the newest version whose fields `read` knows
   * @throws {DecodeError} when the writer requires a newer reader
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

  /** Checks that nothing is left, for values without a version, to which nothing can be appended. */
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

/** Decodes one value. With `exact`, `read` must consume all of it: for values without a version. */
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

/** Little-endian. This and the following encode arguments for object classes. */
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

/** A length-prefixed string. */
export function encodeText(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([encodeU32(bytes.length), bytes]);
}
