import { type IoCtx, type PackedOmapPage, readSteps } from "rbd-native";
import { ByteReader } from "./encoding.ts";

/**
 * One page of an object's omap in a single buffer. A map with a buffer for each value would take ten times the memory,
 * which matters when 10,000 headers are read.
 */
export class PackedOmap {
  readonly #packed: PackedOmapPage;

  constructor(packed: PackedOmapPage) {
    this.#packed = packed;
  }

  /** Whether the omap has more entries. If so, read all of them with `readOmap`. */
  get more(): boolean {
    return this.#packed.more;
  }

  /** @param visit receives a reader of the value that is valid only during this call */
  walk(visit: (key: string, value: ByteReader) => void): void {
    const { data, lengths } = this.#packed;
    const reader = new ByteReader("", data);
    let at = 0;
    for (let index = 0; index + 1 < lengths.length; index += 2) {
      const value = at + (lengths[index] as number);
      const end = value + (lengths[index + 1] as number);
      const key = keyText(data, at, value);
      reader.moveTo(key, value, end);
      visit(key, reader);
      at = end;
    }
  }
}

/** The first page of an object's omap, which for nearly every header is all of it. @throws {RbdError} `NOT_FOUND` */
export async function readPackedOmap(
  ioCtx: IoCtx,
  object: string,
  signal: AbortSignal | undefined,
): Promise<PackedOmap> {
  const [omap] = await ioCtx.objects.read(object, [readSteps.packedOmap()], { signal });
  return new PackedOmap(omap);
}

/**
 * The first page of an object's omap, and the object's modification time at the same moment, in ms since the epoch (whole
 * seconds).
 *
 * @throws {RbdError} `NOT_FOUND`
 */
export async function readPackedOmapAndTime(
  ioCtx: IoCtx,
  object: string,
  signal: AbortSignal | undefined,
): Promise<{ omap: PackedOmap; modified: number }> {
  const steps = [readSteps.stat(), readSteps.packedOmap()] as const;
  const [stat, omap] = await ioCtx.objects.read(object, steps, { signal });
  return { omap: new PackedOmap(omap), modified: stat.modified.getTime() };
}

/** Keys that occur in every header. Their text is shared instead of being decoded for each header. */
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
