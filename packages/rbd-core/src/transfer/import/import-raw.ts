import { type Image, ioHints } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { type ByteSource, splitZeroes } from "../../formats/index.ts";
import { type CreateImageOptions, checkSize } from "../../image/index.ts";
import { formatImageSpec, type ImageSpecLike, toImageOnly } from "../../names/index.ts";
import { setSize } from "../target/head.ts";
import { progressOf, type TransferOptions } from "../transfer-options.ts";
import { importNew } from "./new-image-import.ts";
import { ChunkPool, grownSize, InFlight, rechunk, untilAborted } from "./raw-chunks.ts";
import type { StreamDigests } from "./stream-digests.ts";

export interface ImportRawOptions extends TransferOptions, Omit<CreateImageOptions, "size"> {
  /** The image to create. */
  readonly image: ImageSpecLike;
  /** The image's bytes. Zeroes become holes. */
  readonly source: ByteSource;
  /** How many bytes the source is expected to deliver, if known: for the progress, and so that the image need not grow. */
  readonly expectedSize?: number | undefined;
}

/**
 * Creates an image from its bytes. When the import fails or is aborted, the image is removed again. When its process ends,
 * the next import to the same name first removes what was left.
 *
 * @returns The image's size, in bytes.
 * @throws {CoppiceError} `EXISTS`, `BUSY` while another process imports to that name, `QUOTA_EXCEEDED`,
 * `NO_SPACE`, `UNDO_FAILED`; the source's error; the signal's reason
 */
export async function importRaw(
  cluster: Cluster,
  options: ImportRawOptions,
): Promise<{ readonly size: number }> {
  const { source, expectedSize = 0, signal: wanted, onProgress, image: target, ...create } = options;
  const place = toImageOnly(target);
  if (expectedSize !== 0) checkSize("importRaw", formatImageSpec(place), expectedSize);
  const how = { call: "importRaw", create, signal: wanted };
  return await importNew(cluster, place, how, async (image, signal) => {
    await setSize(image, expectedSize, signal);
    const { size } = await writeRaw(image, source, { expectedSize, signal, onProgress });
    return { size };
  });
}

export interface WriteRawOptions extends TransferOptions {
  /** How many bytes the source is expected to deliver, for the progress; 0 when that is not known. */
  readonly expectedSize?: number | undefined;
  /** How many bytes are read, digested and written at a time. 4 MiB without it. */
  readonly chunkSize?: number | undefined;
  /** Runs of zeroes of this many bytes, at multiples of it, stay holes. 64 KiB without it, and at most 1 MiB. */
  readonly sparseSize?: number | undefined;
  /** Is given all bytes in order. */
  readonly digests?: StreamDigests | undefined;
}

export interface WrittenRaw {
  /** The bytes that the source delivered, and now the image's size. */
  readonly size: number;
  readonly bytesWritten: number;
}

/** The bytes that are read, digested and written at the same time, in at least three chunks. */
const budget = 48 * 1024 ** 2;
const defaultChunkSize = 4 * 1024 ** 2;
const defaultSparseSize = 64 * 1024;

/**
 * Writes a stream of bytes to an empty image from its beginning, leaves zeroes out, and gives the image the stream's size.
 * While the stream is longer than the image, the image grows in few large steps. Reading, digesting and writing go on side
 * by side, in bounded memory. An abort ends it at once, even when the source is silent. Nothing is in flight any more when
 * it returns or rejects.
 *
 * @param image Empty, open for writing, and used by nobody else.
 * @param source May use the memory of a piece again as soon as the next piece is asked for.
 * @throws RbdError; {@link CoppiceError} `INVALID_ARGUMENT` when the source delivers anything but bytes; the source's
 * error; the signal's reason
 */
export async function writeRaw(
  image: Image,
  source: ByteSource,
  options: WriteRawOptions = {},
): Promise<WrittenRaw> {
  const { expectedSize = 0, chunkSize = defaultChunkSize, sparseSize = defaultSparseSize } = options;
  const { digests, signal } = options;
  const chunks = new ChunkPool(chunkSize, Math.max(3, Math.floor(budget / chunkSize)));
  const inFlight = new InFlight();
  const progress = progressOf(expectedSize, options);
  let [offset, bytesWritten, capacity] = [0, 0, await image.size({ signal })];
  const report = (phase: "copying" | "finishing") =>
    progress(phase, offset, { bytesRead: 0, bytesWritten, bytesSkipped: offset - bytesWritten });
  try {
    for await (const chunk of rechunk(untilAborted(source, signal), chunks)) {
      signal?.throwIfAborted();
      const end = offset + chunk.length;
      if (end > capacity) {
        capacity = grownSize(capacity, end);
        await image.resize(capacity);
      }
      const runs = splitZeroes(chunk, offset, sparseSize).filter(({ zero }) => !zero);
      const release = chunks.share(chunk, runs.length + 1);
      for (const { offset: start, length } of runs) {
        const data = chunk.subarray(start, start + length);
        const at = offset + start;
        inFlight.start(() => image.write(at, data, { hints: ioHints.noCache }).finally(release));
        bytesWritten += length;
      }
      if (digests === undefined) release();
      else {
        const digest = () => (runs.length > 0 ? digests.update(chunk) : digests.updateZeros(chunk.length));
        inFlight.start(() => digest().finally(release));
      }
      offset = end;
      report("copying");
    }
    await inFlight.drain();
  } finally {
    await inFlight.settle();
  }
  if (offset !== capacity) await setSize(image, offset, signal);
  await image.flush({ signal });
  report("finishing");
  return { size: offset, bytesWritten };
}
