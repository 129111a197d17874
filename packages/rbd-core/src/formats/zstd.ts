import { pipeline, Readable } from "node:stream";
import zlib from "node:zlib";
import { CoppiceError } from "../errors/index.ts";
import { ByteReader, type ByteSource, coalesce } from "./bytes.ts";
import { FormatError } from "./format-error.ts";

const magic = Buffer.of(0x28, 0xb5, 0x2f, 0xfd);
/** 128 MiB, the default of `zstd` itself: bounds the memory that a stream can demand. */
const largestWindowLog = 27;

export interface CompressOptions {
  /** zstd's level, 1 to 19; 3 by default. */
  readonly level?: number | undefined;
}

/**
 * Compresses with zstd, with zstd's own checksum of the content.
 *
 * @throws {CoppiceError} `UNSUPPORTED` when this Node.js has no zstd (it came with 22.15).
 */
export function compressZstd(source: ByteSource, options: CompressOptions = {}): Readable {
  const { ZSTD_c_compressionLevel: level, ZSTD_c_checksumFlag: checksum } = zlib.constants;
  const transform = supported().createZstdCompress({
    params: { [level]: options.level ?? 3, [checksum]: 1 },
  });
  pipeline(Readable.from(source, { objectMode: false }), transform, ignoreHere);
  return transform;
}

/**
 * Decompresses zstd, one frame or several.
 *
 * @throws {FormatError} `BAD_COMPRESSION`; its offset counts decompressed bytes.
 * @throws {CoppiceError} `UNSUPPORTED` when this Node.js has no zstd.
 */
export async function* decompressZstd(source: ByteSource): AsyncGenerator<Uint8Array, void, undefined> {
  const node = supported();
  const params = { [zlib.constants.ZSTD_d_windowLogMax]: largestWindowLog };
  const reader = new ByteReader(source);
  let given = 0;
  try {
    let magic = await nextZstdFrame(reader);
    if (magic === undefined) throw new FormatError("TRUNCATED", reader.position, "there is no zstd frame");
    for (; magic !== undefined; magic = await nextZstdFrame(reader)) {
      const transform = node.createZstdDecompress({ params });
      const frame = Readable.from(coalesce(zstdFrame(reader, magic)), { objectMode: false });
      pipeline(frame, transform, ignoreHere);
      for await (const chunk of transform as AsyncIterable<Buffer>) {
        given += chunk.length;
        yield chunk;
      }
    }
  } catch (cause) {
    if (!(cause instanceof FormatError) && !isZlibError(cause)) throw cause;
    throw new FormatError("BAD_COMPRESSION", given, `the zstd data is damaged: ${cause.message}`, { cause });
  } finally {
    await reader.close();
  }
}

/** Passes a source on as it is, or decompressed when it begins with the magic number of zstd. */
export async function decompressIfZstd(
  source: ByteSource,
): Promise<{ content: AsyncGenerator<Uint8Array, void, undefined>; compressed: boolean }> {
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  const seen: Uint8Array[] = [];
  let length = 0;
  while (length < magic.length) {
    const { done, value } = await iterator.next();
    if (done === true) break;
    seen.push(value);
    length += value.length;
  }
  const whole = (async function* () {
    try {
      yield* seen;
      for (let step = await iterator.next(); step.done !== true; step = await iterator.next())
        yield step.value;
    } finally {
      await iterator.return?.();
    }
  })();
  const compressed = Buffer.concat(seen).subarray(0, magic.length).equals(magic);
  return { content: compressed ? decompressZstd(whole) : whole, compressed };
}

/** The reader of the stream receives the errors. The pipeline's callback would report them a second time. */
function ignoreHere(): void {}

function isZlibError(error: unknown): error is Error & { code: string } {
  const code = error instanceof Error && "code" in error ? String(error.code) : "";
  return code.startsWith("ZSTD_") || code.startsWith("Z_");
}

function supported(): typeof zlib {
  if (typeof zlib.createZstdDecompress === "function") return zlib;
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "zstd",
    message: `Node.js ${process.version} cannot compress with zstd`,
    hint: "Use Node.js 22.15 or newer, or leave compression out.",
  });
}

const frameMagic = 0xfd2f_b528;
const firstSkippable = 0x184d_2a50;
const lastSkippable = 0x184d_2a5f;
const what = "a part of a zstd frame";
/** Bytes that the fields of a frame's header take, by their two bits in its descriptor (RFC 8878, 3.1.1.1). */
const dictionaryBytes = [0, 1, 2, 4] as const;
const sizeBytes = [0, 2, 4, 8] as const;

/**
 * Goes on to the next frame with content, over skippable ones.
 *
 * @returns Its magic number, or undefined at the stream's end.
 * @throws {FormatError} whose offset counts compressed bytes.
 */
async function nextZstdFrame(reader: ByteReader): Promise<Buffer | undefined> {
  while (!(await reader.atEnd())) {
    const magic = await field(reader, 4);
    const number = magic.readUInt32LE(0);
    if (number === frameMagic) return magic;
    if (number < firstSkippable || number > lastSkippable) {
      throw new FormatError("BAD_COMPRESSION", reader.position - 4, "what follows is no zstd frame");
    }
    const length = await field(reader, 4);
    for (let left = length.readUInt32LE(0); left > 0; ) left -= (await reader.chunk(left, what)).length;
  }
  return undefined;
}

/**
 * Passes a frame on, from its magic number to its checksum (RFC 8878, 3.1), and takes not a byte more. Node's
 * decoder ends with the first frame and says nothing of what follows: frames must be told apart before it.
 *
 * @throws {FormatError} whose offset counts compressed bytes.
 */
async function* zstdFrame(reader: ByteReader, magic: Buffer): AsyncGenerator<Uint8Array, void, undefined> {
  yield magic;
  const descriptor = await field(reader, 1);
  yield descriptor;
  const bits = descriptor.readUInt8(0);
  const isSingleSegment = (bits & 0x20) !== 0;
  const contentSize = bits >> 6 === 0 && isSingleSegment ? 1 : (sizeBytes[bits >> 6] ?? 0);
  yield await field(reader, (isSingleSegment ? 0 : 1) + (dictionaryBytes[bits & 3] ?? 0) + contentSize);
  for (let isLast = false; !isLast; ) {
    const header = await field(reader, 3);
    yield header;
    const block = header.readUIntLE(0, 3);
    isLast = (block & 1) === 1;
    // A block of the run-length kind has one byte, whatever its size says.
    for (let left = (block >> 1) % 4 === 1 ? 1 : block >> 3; left > 0; ) {
      const data = await reader.chunk(left, what);
      left -= data.length;
      yield data;
    }
  }
  if ((bits & 4) !== 0) yield await field(reader, 4);
}

async function field(reader: ByteReader, length: number): Promise<Buffer> {
  await reader.need(length, what);
  return reader.take(length);
}
