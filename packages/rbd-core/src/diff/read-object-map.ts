import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import {
  ByteReader,
  DecodeError,
  type ImageHeader,
  imageLayout,
  objectCount,
  objectMapObject,
  readContent,
} from "../headers/index.ts";
import { ObjectMap } from "./object-map.ts";

/** A snapshot, or the head (without `id`). */
interface MappedPoint {
  readonly id?: bigint | undefined;
  /** Bytes the image has there. */
  readonly size: number;
}

/**
 * Reads the object map of one point of an image, past librbd. `null` for one that is not there, is damaged, or does not
 * fit the image's size. Whether Ceph calls it invalid is for the caller to ask.
 *
 * @param id The image's.
 * @throws {RbdError}
 */
export async function readObjectMap(
  ioCtx: IoCtx,
  id: string,
  header: ImageHeader,
  point: MappedPoint,
  signal: AbortSignal | undefined,
): Promise<ObjectMap | null> {
  const objects = objectCount(imageLayout(header), point.size);
  const object = objectMapObject(id, point.id);
  try {
    const content = await readContent(ioCtx, object, objectMapBytes(objects), signal);
    const map = decodeObjectMap(content, object);
    return map.length >= objects ? map : null;
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}

/** Each block of this many bytes has a CRC of its own. */
const blockBytes = 4096;
const objectsPerByte = 4;
const zeros = Buffer.alloc(blockBytes);

/**
 * Reads the content of a `rbd_object_map.<id>` object (`BitVector<2>`): a header with the number of objects,
 * two bits for each, and a footer with the CRCs of the header and of every 4 KiB. An empty footer means that
 * the writer computed none.
 *
 * @param name for the error's text, such as the object's name
 * @throws {DecodeError} when the bytes are cut short or a CRC does not fit
 */
export function decodeObjectMap(content: Uint8Array, name = "the object map"): ObjectMap {
  const reader = new ByteReader(name, content);
  const header = reader.bytes();
  const headerReader = new ByteReader(`the header of ${name}`, header);
  const length = headerReader.versioned("BitVector", 1, () => headerReader.size());
  const packedAt = reader.offset;
  const packed = reader.raw(Math.ceil(length / objectsPerByte));
  const footer = new ByteReader(`the footer of ${name}`, reader.bytes());
  if (footer.remaining > 0) {
    if (footer.u32() !== crc32c(header)) reader.fail("the CRC of the header does not fit", 0);
    const blocks = Math.ceil(packed.length / blockBytes);
    const crcs = footer.list(4, () => footer.u32());
    if (crcs.length !== blocks) footer.fail(`${crcs.length} CRCs for ${blocks} blocks`);
    for (const [block, crc] of crcs.entries()) {
      const bytes = packed.subarray(block * blockBytes, (block + 1) * blockBytes);
      if (crc !== crcOfBlock(bytes)) {
        reader.fail(`the CRC of block ${block} does not fit`, packedAt + block * blockBytes);
      }
    }
  }
  return new ObjectMap(length, packed);
}

/** How many bytes the map of so many objects has. */
export function objectMapBytes(objects: number): number {
  const packed = Math.ceil(objects / objectsPerByte);
  return 18 + packed + 12 + 4 * Math.ceil(packed / blockBytes);
}

/** Most blocks of a thin image are zeros, whose CRC is 0: comparing is quicker than computing. */
function crcOfBlock(bytes: Buffer): number {
  return bytes.equals(zeros.subarray(0, bytes.length)) ? 0 : crc32c(bytes);
}

/** The Castagnoli polynomial, reversed. */
const polynomial = 0x82f6_3b78;
/** `tables[k][byte]`: what `byte` adds to the CRC when `k` more bytes follow it. Eight bytes are taken at once. */
const tables = makeTables(8);

/**
 * CRC-32C as Ceph computes it with seed 0: the register starts at 0 and is not inverted at the end, so that the
 * CRC of zeros is 0.
 */
export function crc32c(bytes: Uint8Array): number {
  const [t0, t1, t2, t3, t4, t5, t6, t7] = tables as Tables;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let crc = 0;
  let at = 0;
  for (; at + 8 <= bytes.length; at += 8) {
    const low = crc ^ view.getInt32(at, true);
    const high = view.getInt32(at + 4, true);
    crc =
      look(t7, low) ^
      look(t6, low >>> 8) ^
      look(t5, low >>> 16) ^
      look(t4, low >>> 24) ^
      look(t3, high) ^
      look(t2, high >>> 8) ^
      look(t1, high >>> 16) ^
      look(t0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ look(t0, crc ^ (bytes[at] as number));
  return crc >>> 0;
}

type Table = Int32Array;
type Tables = [Table, Table, Table, Table, Table, Table, Table, Table];

function look(table: Table, index: number): number {
  return table[index & 0xff] as number;
}

function makeTables(count: number): Table[] {
  const made = Array.from({ length: count }, () => new Int32Array(256));
  for (let byte = 0; byte < 256; byte++) {
    let crc = byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    for (const table of made) {
      table[byte] = crc;
      for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ polynomial : crc >>> 1;
    }
  }
  return made;
}
