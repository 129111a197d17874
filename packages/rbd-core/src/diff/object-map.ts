import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import {
  ByteReader,
  DecodeError,
  type ObjectLayout,
  objectCount,
  objectMapObject,
  readContent,
} from "../headers/index.ts";

/** The states of an object in an object map, by Ceph's numbers. */
export const objectState = {
  /** Does not exist: reads return the parent's data, or zeros. */
  nonexistent: 0,
  /** Exists, and was written since the previous snapshot. */
  exists: 1,
  /** Is being removed, or was when a client died. It may still exist. */
  pending: 2,
  /** Exists, and was not written since the previous snapshot. */
  existsClean: 3,
} as const;

type ObjectState = 0 | 1 | 2 | 3;

/** The states of all objects of an image or snapshot, with two bits for each, in Ceph's packing. */
export class ObjectMap {
  /** The number of objects. */
  readonly length: number;
  /**
   * The packed states: four objects in a byte, the first in the highest bits. Read as 32-bit words, unchanged objects can
   * be skipped 16 at a time. Bytes after the last object are 0.
   */
  readonly words: Uint32Array;
  readonly #bytes: Uint8Array;

  /** @param packed the states, four in a byte; copied */
  constructor(length: number, packed: Uint8Array) {
    this.length = length;
    this.words = new Uint32Array(Math.ceil(packed.length / 4));
    this.#bytes = new Uint8Array(this.words.buffer);
    this.#bytes.set(packed);
  }

  /** The state of one object; `nonexistent` for an index past the end. */
  state(index: number): ObjectState {
    if (index >= this.length) return objectState.nonexistent;
    const byte = this.#bytes[index >>> 2] as number;
    return ((byte >>> ((3 - (index & 3)) * 2)) & 3) as ObjectState;
  }
}

/** A map without objects: the state before the first snapshot. */
export const emptyObjectMap = new ObjectMap(0, new Uint8Array(0));

/** How one object changed from one point of an image to a later one. */
type ObjectChange =
  /** It exists, and was written in between or did not exist before. */
  | "written"
  /** It existed, and does not exist any more. */
  | "discarded";

/** The lower bit of each of the 16 states in a word. */
const lowerBits = 0x5555_5555;

/**
 * Visits the objects that changed from one snapshot to the next (or to HEAD), in ascending order, with the same result
 * as librbd's fast-diff. The two snapshots must be adjacent, since a map only records what was written since the snapshot
 * directly before it.
 *
 * @param before `emptyObjectMap` for the first snapshot
 */
export function compareObjectMaps(
  before: ObjectMap,
  after: ObjectMap,
  visit: (index: number, change: ObjectChange) => void,
): void {
  const end = Math.max(before.length, after.length);
  const words = Math.ceil(end / 16);
  for (let word = 0; word < words; word++) {
    if (!anyChange(before.words[word] ?? 0, after.words[word] ?? 0)) continue;
    const stop = Math.min(end, (word + 1) * 16);
    for (let index = word * 16; index < stop; index++) {
      const change = changeOf(before.state(index), after.state(index));
      if (change !== undefined) visit(index, change);
    }
  }
}

function changeOf(was: number, is: number): ObjectChange | undefined {
  const { nonexistent, exists, pending } = objectState;
  if (is === exists || is === pending) return "written";
  if (is === nonexistent) return was === nonexistent ? undefined : "discarded";
  return was === nonexistent || was === pending ? "written" : undefined;
}

/** {@link changeOf} for 16 objects at once: most words of a thin or idle image have no change. */
function anyChange(was: number, is: number): boolean {
  const isWritten = is ^ (is >>> 1);
  const isClean = is & (is >>> 1);
  const isGone = ~(is | (is >>> 1)) & (was | (was >>> 1));
  return ((isWritten | (isClean & ~was) | isGone) & lowerBits) !== 0;
}

/** A snapshot, or HEAD (without `id`). */
interface MappedPoint {
  readonly id?: bigint | undefined;
  /** Size of the image at this point, in bytes. */
  readonly size: number;
}

/**
 * Reads the object map of a snapshot or of HEAD from its object, without librbd. `null` when the map does not exist, is
 * damaged, or is too short for the size of the image. The caller has to check the flags that mark a map as invalid.
 *
 * @param id the image's id
 * @throws {RbdError}
 */
export async function readObjectMap(
  ioCtx: IoCtx,
  id: string,
  layout: ObjectLayout,
  point: MappedPoint,
  signal: AbortSignal | undefined,
): Promise<ObjectMap | null> {
  const objects = objectCount(layout, point.size);
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

/** Each block of this many bytes has its own CRC. */
const blockBytes = 4096;
const objectsPerByte = 4;
const zeros = Buffer.alloc(blockBytes);

/**
 * Decodes the content of a `rbd_object_map.<id>` object (`BitVector<2>`): a header with the number of objects, two bits
 * for each object, and a footer with the CRCs of the header and of every 4 KiB. An empty footer means that the writer
 * computed no CRCs.
 *
 * @param name for the error's message, such as the object's name
 * @throws {DecodeError} when the bytes are truncated or a CRC does not match
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
    if (footer.u32() !== crc32c(header)) reader.fail("the CRC of the header does not match", 0);
    const blocks = Math.ceil(packed.length / blockBytes);
    const crcs = footer.list(4, () => footer.u32());
    if (crcs.length !== blocks) footer.fail(`${crcs.length} CRCs for ${blocks} blocks`);
    for (const [block, crc] of crcs.entries()) {
      const bytes = packed.subarray(block * blockBytes, (block + 1) * blockBytes);
      if (crc !== crcOfBlock(bytes)) {
        reader.fail(`the CRC of block ${block} does not match`, packedAt + block * blockBytes);
      }
    }
  }
  return new ObjectMap(length, packed);
}

/** The size of the map object for this many objects, in bytes. */
export function objectMapBytes(objects: number): number {
  const packed = Math.ceil(objects / objectsPerByte);
  return 18 + packed + 12 + 4 * Math.ceil(packed / blockBytes);
}

/** Most blocks of a thin image are zeros, whose CRC is 0: comparing is faster than computing. */
function crcOfBlock(bytes: Buffer): number {
  return bytes.equals(zeros.subarray(0, bytes.length)) ? 0 : crc32c(bytes);
}

/** The Castagnoli polynomial, reflected. */
const polynomial = 0x82f6_3b78;
/** `tables[k][byte]`: what `byte` contributes to the CRC when `k` bytes follow it ("slicing by 8"). */
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
      entry(t7, low) ^
      entry(t6, low >>> 8) ^
      entry(t5, low >>> 16) ^
      entry(t4, low >>> 24) ^
      entry(t3, high) ^
      entry(t2, high >>> 8) ^
      entry(t1, high >>> 16) ^
      entry(t0, high >>> 24);
  }
  for (; at < bytes.length; at++) crc = (crc >>> 8) ^ entry(t0, crc ^ (bytes[at] as number));
  return crc >>> 0;
}

type Table = Int32Array;
type Tables = [Table, Table, Table, Table, Table, Table, Table, Table];

function entry(table: Table, index: number): number {
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
