import type { Extent } from "../../diff/extent.ts";

/**
 * Adds zero extents to an ascending diff, so that all of `[start, end)` is in it.
 *
 * A clone that was shrunk and grown again reads zeroes where it read its parent before, and no diff says so: its
 * objects are absent on both sides.
 */
export async function* coverWithZeroes(
  batches: AsyncIterable<readonly Extent[]>,
  start: number,
  end: number,
): AsyncGenerator<readonly Extent[], void, undefined> {
  let next = start;
  for await (const batch of batches) {
    const covered: Extent[] = [];
    for (const extent of batch) {
      const stop = Math.min(extent.offset, end);
      if (stop > next) covered.push({ offset: next, length: stop - next, exists: false });
      covered.push(extent);
      next = Math.max(next, extent.offset + extent.length);
    }
    yield covered;
  }
  if (next < end) yield [{ offset: next, length: end - next, exists: false }];
}
