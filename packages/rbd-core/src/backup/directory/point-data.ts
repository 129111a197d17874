import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { CoppiceError, toCoppiceError } from "../../errors/index.ts";
import {
  coalesce,
  type Diff,
  type DiffRecord,
  decompressIfZstd,
  encodeDiff,
  FormatError,
  mergeDiffs,
  openDiff,
} from "../../formats/index.ts";
import type { TransferLimits } from "../../transfer/index.ts";
import type { BackupRecord } from "../backup-record.ts";
import type { ByteRange } from "../backup-target.ts";
import { damaged, readVerified } from "./files.ts";
import { storedDiff } from "./layout.ts";

/** What all files that are read at the same time may hold in memory, in bytes. */
const readBudget = 64 * 1024 ** 2;
const largestChunk = 1024 ** 2;
const smallestChunk = 64 * 1024;

interface ReadPointsOptions {
  readonly signal?: AbortSignal | undefined;
}

/**
 * The changes of some successive points of a chain as one diff. Every file is read whole, and compared with its record's
 * SHA-256: the last step throws when one of them is damaged.
 *
 * @param points Oldest first; from the first one of a chain on, the diff is from nothing.
 * @throws {CoppiceError} `NOT_FOUND`, `IO` naming the file
 */
async function openPoints(
  folder: string,
  points: readonly BackupRecord[],
  { signal }: ReadPointsOptions = {},
): Promise<Diff> {
  const chunkSize = Math.max(smallestChunk, Math.min(largestChunk, Math.floor(readBudget / points.length)));
  const sources = points.map((point) => {
    const stored = storedDiff(point);
    return namingFile(join(folder, stored.file), () =>
      readVerified(join(folder, stored.file), stored, { chunkSize, signal }),
    );
  });
  const [only] = sources;
  if (only !== undefined && sources.length === 1) return await openDiff(only);
  return await openDiff(mergeDiffs(sources));
}

/** A file's diff, decompressed. What is wrong with it is said with the file's name. */
async function* namingFile(
  path: string,
  read: () => AsyncGenerator<Uint8Array, void, undefined>,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    const { content } = await decompressIfZstd(read());
    yield* content;
  } catch (error) {
    throw error instanceof FormatError ? damaged(path, `is damaged: ${error.message}`, error) : error;
  }
}

/** Runs `action` on the changes of some points, and closes their files. */
export async function withPoints<T>(
  folder: string,
  points: readonly BackupRecord[],
  options: ReadPointsOptions,
  action: (diff: Diff) => Promise<T>,
): Promise<T> {
  try {
    await using diff = await openPoints(folder, points, options);
    return await action(diff);
  } catch (error) {
    throw await namingDamage(folder, points, error, options);
  }
}

/** The changes of some points as one diff's bytes. */
export async function* encodePoints(
  folder: string,
  points: readonly BackupRecord[],
  options: ReadPointsOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  try {
    await using diff = await openPoints(folder, points, options);
    yield* coalesce(encodeDiff(diff.header, diff.records));
  } catch (error) {
    throw await namingDamage(folder, points, error, options);
  }
}

/** Finds the file that is to blame when a diff could not be read: its format fails before its digest is compared. */
async function namingDamage(
  folder: string,
  points: readonly BackupRecord[],
  cause: unknown,
  { signal }: ReadPointsOptions,
): Promise<unknown> {
  if (!(cause instanceof FormatError)) return toCoppiceError(cause);
  for (const point of points) {
    const stored = storedDiff(point);
    try {
      for await (const _ of readVerified(join(folder, stored.file), stored, { signal }));
    } catch (error) {
      return error;
    }
  }
  return new CoppiceError({
    code: "IO",
    call: "openPoints",
    object: folder,
    message: `the files of the chain are as they were written, but do not fit together: ${cause.message}`,
    hint: "Restore another point, and make a new full backup.",
    cause,
  });
}

/**
 * What a diff from nothing says about some ranges of the image, zeroes included.
 *
 * @param records Ascending.
 * @param ranges Ascending, without overlaps.
 */
export async function* recordsWithin(
  records: AsyncIterable<DiffRecord>,
  ranges: readonly ByteRange[],
): AsyncGenerator<DiffRecord, void, undefined> {
  let index = 0;
  // Everything in the ranges before this offset has been passed on.
  let next = ranges[0]?.offset ?? Number.POSITIVE_INFINITY;
  /** Passes on zeroes for what no record speaks of, up to an offset. */
  const zeroesUpTo = function* (offset: number): Generator<DiffRecord> {
    for (let range = ranges[index]; range !== undefined && next < offset; range = ranges[index]) {
      const end = range.offset + range.length;
      const stop = Math.min(end, offset);
      if (stop > next) yield { type: "zero", offset: next, length: stop - next };
      next = stop;
      if (stop === end) next = ranges[++index]?.offset ?? Number.POSITIVE_INFINITY;
    }
  };
  for await (const record of records) {
    if (record.type !== "data") continue;
    const end = record.offset + record.data.length;
    yield* zeroesUpTo(record.offset);
    while (next < end) {
      const range = ranges[index];
      if (range === undefined) break;
      const stop = Math.min(end, range.offset + range.length);
      yield { type: "write", offset: next, length: stop - next };
      yield {
        type: "data",
        offset: next,
        data: record.data.subarray(next - record.offset, stop - record.offset),
      };
      next = stop;
      if (stop === range.offset + range.length) next = ranges[++index]?.offset ?? Number.POSITIVE_INFINITY;
    }
  }
  yield* zeroesUpTo(Number.POSITIVE_INFINITY);
}

/** {@link paced} for the records of a diff, whose data is counted. */
export async function* pacedRecords(
  records: AsyncIterable<DiffRecord>,
  counted: { bytes: number },
  limits: TransferLimits | undefined,
  signal?: AbortSignal,
): AsyncGenerator<DiffRecord, void, undefined> {
  for await (const record of records) {
    yield record;
    if (record.type !== "data") continue;
    counted.bytes += record.data.length;
    await pause(record.data.length, limits, signal);
  }
}

/** Passes bytes on no faster than the limits allow, which may change meanwhile. */
export async function* paced(
  source: AsyncIterable<Uint8Array>,
  limits: TransferLimits | undefined,
  signal?: AbortSignal,
): AsyncGenerator<Uint8Array, void, undefined> {
  for await (const chunk of source) {
    yield chunk;
    await pause(chunk.length, limits, signal);
  }
}

/** Waits as long as that many bytes may take. */
async function pause(bytes: number, limits: TransferLimits | undefined, signal?: AbortSignal): Promise<void> {
  const rate = limits?.current.bytesPerSecond;
  if (rate !== undefined)
    await delay((bytes / rate) * 1000, undefined, signal === undefined ? {} : { signal });
}
