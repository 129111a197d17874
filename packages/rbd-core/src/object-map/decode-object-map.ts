import { ByteReader } from "../headers/byte-reader.ts";
import { crc32c } from "./crc32c.ts";
import { ObjectMap } from "./object-map.ts";

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
