import type { Extent } from "../../diff/extent.ts";
import type { OccupiedRanges } from "./occupied-ranges.ts";

/** A part of a copy's plan: everything that changed in `[start, end)`. */
export interface CopyPart {
  readonly start: number;
  readonly end: number;
  /** Four numbers each: offset, length, whether there is data, whether zeroes are needed. */
  readonly extents: Float64Array;
}

const mostExtents = 4096;
const mostBytes = 256 * 1024 ** 2;

/**
 * Cuts a plan into parts that end at multiples of `block`, each at most some thousand extents or some hundred MiB of
 * data (but at least a block), so that a copy can note how far it is.
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
  for await (const extent of blocksOf(batches, block)) {
    const boundary = Math.floor(extent.offset / block) * block;
    const isFull = numbers.length >= 4 * mostExtents || bytes >= mostBytes;
    // Only between blocks: what belongs to one is digested together.
    if (isFull && boundary >= end) yield take(boundary);
    const isNeeded = occupied.touches(extent.offset, extent.length);
    numbers.push(extent.offset, extent.length, extent.exists ? 1 : 0, isNeeded ? 1 : 0);
    end = extent.offset + extent.length;
    bytes += extent.exists ? extent.length : 0;
  }
  if (numbers.length > 0) yield take(Math.ceil(end / block) * block);
}

/** No extent with more data than some parts' worth of blocks, so that none makes a part much too large. */
async function* blocksOf(
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
