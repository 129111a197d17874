import type { Image } from "rbd-native";
import { CoppiceError } from "../../errors/coppice-error.ts";
import type { Advance } from "../../steps/step-runner.ts";
import { ChunkPool } from "../bytes/chunk-pool.ts";
import { dataExtents } from "../bytes/data-extents.ts";
import { DigestPair, type Digests } from "../bytes/digests.ts";
import { grownSize } from "../bytes/growth.ts";
import { InFlight } from "../bytes/in-flight.ts";
import { rechunk } from "../bytes/rechunk.ts";

export interface DiskWriting {
  /** Bytes; `null`: not known, and the image grows along. */
  size: number | null;
  chunkSize: number;
  sparseSize: number;
  advance: Advance;
}

export interface WrittenDisk {
  /** Bytes. */
  size: number;
  written: number;
  digests: Digests;
}

/** Bytes that are read, hashed and written at the same time, in three chunks at the least. */
const budget = 48 * 1024 ** 2;

/**
 * Writes a stream into an image of its own from the start, leaving out what is zeros, and gives the image the stream's
 * size. Reading, hashing and writing go on side by side. Whatever happens, nothing is in flight any more when it ends.
 *
 * @throws {CoppiceError} `IO` for a stream that is too short, `INVALID_ARGUMENT` for one that is too long or empty;
 * `RbdError`; the stream's own failure
 */
export async function writeDisk(
  image: Image,
  bytes: AsyncIterable<Uint8Array>,
  { size, chunkSize, sparseSize, advance }: DiskWriting,
): Promise<WrittenDisk> {
  const chunks = new ChunkPool(chunkSize, Math.max(3, Math.floor(budget / chunkSize)));
  await using digests = new DigestPair();
  const inFlight = new InFlight();
  let [offset, written, capacity] = [0, 0, size ?? 0];
  try {
    for await (const chunk of rechunk(bytes, chunks)) {
      const end = offset + chunk.length;
      if (size !== null && end > size)
        throw wrongSize("INVALID_ARGUMENT", `more than the ${size} bytes it was to have`);
      if (end > capacity) {
        capacity = grownSize(capacity, end);
        await image.resize(capacity);
      }
      const extents = dataExtents(chunk, sparseSize);
      const release = chunks.share(chunk, extents.length + 1);
      const hash = () => (extents.length > 0 ? digests.update(chunk) : digests.updateZeros(chunk.length));
      inFlight.start(() => hash().finally(release));
      for (const { start, end: stop } of extents) {
        const data = chunk.subarray(start, stop);
        const at = offset + start;
        inFlight.start(() => image.write(at, data).finally(release));
        written += data.length;
      }
      offset = end;
      advance(offset, size ?? 0);
    }
    await inFlight.drain();
  } finally {
    await inFlight.settle();
  }
  if (offset === 0) throw wrongSize("INVALID_ARGUMENT", "nothing");
  if (size !== null && offset < size)
    throw wrongSize("IO", `only ${offset} of the ${size} bytes it was to have`);
  if (offset < capacity) await image.resize(offset, { allowShrink: true });
  await image.flush();
  return { size: offset, written, digests: await digests.digest() };
}

function wrongSize(code: "IO" | "INVALID_ARGUMENT", what: string): CoppiceError {
  return new CoppiceError({ code, call: "importTemplate", message: `the source delivered ${what}` });
}
