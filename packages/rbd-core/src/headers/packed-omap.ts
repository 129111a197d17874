import { type IoCtx, type ReadStep, readSteps } from "rbd-native";
import { ByteReader } from "./byte-reader.ts";

/** How the binding hands over an omap: all keys and values one after the other, and the length of each. */
interface Packed {
  readonly data: Buffer;
  /** Of a key, its value, the next key, … */
  readonly lengths: Uint32Array;
  readonly more: boolean;
}

/**
 * A page of an object's omap as it came: one buffer, which is walked over instead of being made into a map. A map
 * with a buffer for each value costs ten times the memory, which counts when 10,000 headers are read.
 */
export class PackedOmap {
  readonly #packed: Packed;

  constructor(packed: Packed) {
    this.#packed = packed;
  }

  /** There is more after the last entry: read the object again with `readOmap`. */
  get more(): boolean {
    return this.#packed.more;
  }

  /** @param visit gets a reader of the value, good for this call only */
  walk(visit: (key: string, value: ByteReader) => void): void {
    const { data, lengths } = this.#packed;
    const reader = new ByteReader("", data);
    let at = 0;
    for (let index = 0; index + 1 < lengths.length; index += 2) {
      const value = at + (lengths[index] as number);
      const end = value + (lengths[index + 1] as number);
      const key = keyText(data, at, value);
      reader.aim(key, value, end);
      visit(key, reader);
      at = end;
    }
  }
}

const step: ReadStep<PackedOmap> = {
  native: readSteps.omap().native,
  convert: (raw) => new PackedOmap(raw as Packed),
};

/** The first page of an object's omap: for a header practically always all of it. @throws {RbdError} `NOT_FOUND` */
export async function readPackedOmap(
  ioCtx: IoCtx,
  object: string,
  signal: AbortSignal | undefined,
): Promise<PackedOmap> {
  const [omap] = await ioCtx.objects.read(object, [step], { signal });
  return omap;
}

/** The same with the object's modification time (in ms since the epoch, whole seconds) at the same moment. */
export async function readPackedOmapAndTime(
  ioCtx: IoCtx,
  object: string,
  signal: AbortSignal | undefined,
): Promise<{ omap: PackedOmap; modified: number }> {
  const [stat, omap] = await ioCtx.objects.read(object, [readSteps.stat(), step], { signal });
  return { omap, modified: stat.modified.getTime() };
}

/** The keys that all headers have, so that they need not be made anew for each. */
const commonKeys = [
  "access_timestamp",
  "create_timestamp",
  "features",
  "flags",
  "modify_timestamp",
  "object_prefix",
  "op_features",
  "order",
  "parent",
  "size",
  "snap_seq",
  "stripe_count",
  "stripe_unit",
].map((text) => ({ text, bytes: Buffer.from(text) }));

function keyText(data: Buffer, start: number, end: number): string {
  for (const { text, bytes } of commonKeys) {
    if (bytes.length === end - start && isAt(data, start, bytes)) return text;
  }
  return data.toString("utf8", start, end);
}

function isAt(data: Buffer, start: number, bytes: Buffer): boolean {
  for (let at = 0; at < bytes.length; at++) if (data[start + at] !== bytes[at]) return false;
  return true;
}
