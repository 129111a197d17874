import type { Image } from "rbd-native";
import { CoppiceError } from "../../errors/coppice-error.ts";
import type { Advance } from "../../steps/step-runner.ts";
import { ChunkPool } from "../bytes/chunk-pool.ts";
import { dataExtents } from "../bytes/data-extents.ts";
import { DigestPair, type Digests } from "../bytes/digests.ts";
import { grownSize } from "../bytes/growth.ts";
import { rechunk } from "../bytes/rechunk.ts";
import { WriteWindow } from "../bytes/write-window.ts";

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

/** How many chunks are written at the same time, while the next one is read. */
const chunksInFlight = 4;

/**
 * Writes a stream into an image of its own from the start, leaving out what is zeros, and gives the image the stream's
 * size. Whatever happens, nothing is in flight any more when it ends.
 *
 * @throws {CoppiceError} `IO` for a stream that is too short, `INVALID_ARGUMENT` for one that is too long or empty;
 * `RbdError`; the stream's own failure
 */
export async function writeDisk(
  image: Image,
  bytes: AsyncIterable<Uint8Array>,
  { size, chunkSize, sparseSize, advance }: DiskWriting,
): Promise<WrittenDisk> {
  const window = new WriteWindow(chunkSize * chunksInFlight);
  const chunks = new ChunkPool(chunkSize);
  const digests = new DigestPair();
  let [offset, written, capacity] = [0, 0, size ?? 0];
  try {
    for await (const chunk of rechunk(bytes, chunkSize, () => chunks.take())) {
      const end = offset + chunk.length;
      if (size !== null && end > size)
        throw wrongSize("INVALID_ARGUMENT", `more than the ${size} bytes it was to have`);
      if (end > capacity) {
        capacity = grownSize(capacity, end);
        await image.resize(capacity);
      }
      await digests.update(chunk);
      const extents = dataExtents(chunk, sparseSize);
      const release = chunks.share(chunk, extents.length + 1);
      for (const { start, end: stop } of extents) {
        const data = chunk.subarray(start, stop);
        const at = offset + start;
        await window.add(data.length, () => image.write(at, data).finally(release));
        written += data.length;
      }
      release();
      offset = end;
      advance(offset, size ?? 0);
    }
    await window.drain();
  } finally {
    await window.settle();
  }
  if (offset === 0) throw wrongSize("INVALID_ARGUMENT", "nothing");
  if (size !== null && offset < size)
    throw wrongSize("IO", `only ${offset} of the ${size} bytes it was to have`);
  if (offset < capacity) await image.resize(offset, { allowShrink: true });
  await image.flush();
  return { size: offset, written, digests: digests.digest() };
}

function wrongSize(code: "IO" | "INVALID_ARGUMENT", what: string): CoppiceError {
  return new CoppiceError({ code, call: "importTemplate", message: `the source delivered ${what}` });
}
