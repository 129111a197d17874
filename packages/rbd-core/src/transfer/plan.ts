import type { Extent } from "../diff/index.ts";

/**
 * Pure planning of transfers: generators that take the extents of a diff, ascending, and cut, extend or restrict them.
 */

/** A part of a copy's plan: everything that changed in `[start, end)`. */
export interface CopyPart {
  readonly start: number;
  readonly end: number;
  /** Four numbers for each extent: offset, length, whether there is data, whether zeroes have to be written. */
  readonly extents: Float64Array;
}

const mostExtents = 4096;
const mostBytes = 256 * 1024 ** 2;

/**
 * Cuts a plan into parts that end at multiples of `block`, each with at most some thousand extents and some hundred MiB
 * of data (but at least one block), so that a copy can record its progress between them.
 */
export async function* copyParts(
  batches: AsyncIterable<readonly Extent[]>,
  block: number,
  occupied: OccupiedRanges,
): AsyncGenerator<CopyPart, void, undefined> {
  let numbers: number[] = [];
  let [start, end, bytes] = [0, 0, 0];
  const take = (until: number): CopyPart => {
    const part = { start, end: until, extents: Float64Array.from(numbers) };
    [numbers, start, bytes] = [[], until, 0];
    return part;
  };
  for await (const extent of cutLongExtents(batches, block)) {
    const boundary = Math.floor(extent.offset / block) * block;
    const isFull = numbers.length >= 4 * mostExtents || bytes >= mostBytes;
    // Only between blocks, because a block has one digest.
    if (isFull && boundary >= end) yield take(boundary);
    const isNeeded = occupied.touches(extent.offset, extent.length);
    numbers.push(extent.offset, extent.length, extent.exists ? 1 : 0, isNeeded ? 1 : 0);
    end = extent.offset + extent.length;
    bytes += extent.exists ? extent.length : 0;
  }
  if (numbers.length > 0) yield take(Math.ceil(end / block) * block);
}

/** Cuts extents that are larger than a part, at multiples of `block`. */
async function* cutLongExtents(
  batches: AsyncIterable<readonly Extent[]>,
  block: number,
): AsyncGenerator<Extent, void, undefined> {
  const most = Math.max(1, Math.floor(mostBytes / block)) * block;
  for await (const batch of batches) {
    for (const { offset, length, exists } of batch) {
      for (let at = offset; at < offset + length; ) {
        const stop = Math.min(offset + length, Math.floor(at / block) * block + most);
        yield { offset: at, length: stop - at, exists };
        at = stop;
      }
    }
  }
}

/**
 * Adds extents to an ascending diff, so that it covers all of `[start, end)`. They are reported as data, because only
 * reading tells what is there.
 *
 * A clone that was shrunk and grown again reads zeroes where it read from its parent before. No diff reports that, because
 * the clone's objects are absent on both sides. A clone that was flattened, or rolled back after it was shrunk, may hold
 * there what its parent holds: then its objects are present on both sides, and no diff reports them either.
 */
export async function* coverRange(
  batches: AsyncIterable<readonly Extent[]>,
  start: number,
  end: number,
): AsyncGenerator<readonly Extent[], void, undefined> {
  let next = start;
  for await (const batch of batches) {
    const covered: Extent[] = [];
    for (const extent of batch) {
      const stop = Math.min(extent.offset, end);
      if (stop > next) covered.push({ offset: next, length: stop - next, exists: true });
      covered.push(extent);
      next = Math.max(next, extent.offset + extent.length);
    }
    yield covered;
  }
  if (next < end) yield [{ offset: next, length: end - next, exists: true }];
}

/** Cuts extents with data at multiples of `block` bytes; extents without data stay whole. */
export async function* cutExtents(
  batches: AsyncIterable<readonly Extent[]>,
  block: number,
): AsyncGenerator<Extent, void, undefined> {
  for await (const batch of batches) {
    for (const extent of batch) {
      if (!extent.exists) {
        yield extent;
        continue;
      }
      const end = extent.offset + extent.length;
      for (let offset = extent.offset; offset < end; ) {
        const length = Math.min(end, (Math.floor(offset / block) + 1) * block) - offset;
        yield { offset, length, exists: true };
        offset += length;
      }
    }
  }
}

/** The parts of an image that may hold anything but zeroes. */
export class OccupiedRanges {
  readonly #ranges: readonly (readonly [start: number, end: number])[] | undefined;
  #at = 0;

  /** @param ranges Ascending; undefined when all of the image may hold data. */
  constructor(ranges: readonly (readonly [start: number, end: number])[] | undefined) {
    this.#ranges = ranges;
  }

  /** Whether the range may hold data. The calls must be in ascending order. */
  touches(offset: number, length: number): boolean {
    if (this.#ranges === undefined) return true;
    while ((this.#ranges[this.#at]?.[1] ?? Number.POSITIVE_INFINITY) <= offset) this.#at++;
    return (this.#ranges[this.#at]?.[0] ?? Number.POSITIVE_INFINITY) < offset + length;
  }
}

/** The parts of `extents` that lie outside all of `others`. All three ascend. */
export async function* outside(
  extents: AsyncIterable<readonly Extent[]>,
  others: AsyncIterable<readonly Extent[]>,
): AsyncGenerator<readonly Extent[], void, undefined> {
  const iterator = flat(others);
  try {
    let other = await iterator.next();
    for await (const batch of extents) {
      const left: Extent[] = [];
      for (const { offset, length, exists } of batch) {
        const end = offset + length;
        for (let at = offset; at < end; ) {
          while (!other.done && other.value.offset + other.value.length <= at) other = await iterator.next();
          const stop = other.done ? end : Math.min(end, other.value.offset);
          if (stop > at) left.push({ offset: at, length: stop - at, exists });
          at = other.done ? end : Math.max(stop, Math.min(end, other.value.offset + other.value.length));
        }
      }
      if (left.length > 0) yield left;
    }
  } finally {
    await iterator.return();
  }
}

async function* flat(batches: AsyncIterable<readonly Extent[]>): AsyncGenerator<Extent, void, undefined> {
  for await (const batch of batches) yield* batch;
}
