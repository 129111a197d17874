import type { ByteReader } from "./byte-reader.ts";
import { FormatError } from "./format-error.ts";

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
export async function nextZstdFrame(reader: ByteReader): Promise<Buffer | undefined> {
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
export async function* zstdFrame(
  reader: ByteReader,
  magic: Buffer,
): AsyncGenerator<Uint8Array, void, undefined> {
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
