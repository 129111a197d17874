import type { Extent } from "../../diff/extent.ts";

/** Cuts extents with data at multiples of `block` bytes; those without are left whole. */
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
