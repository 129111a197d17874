import type { Extent } from "../../diff/extent.ts";

/** What of `extents` lies outside all of `others`. Both ascend; so does the result. */
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
