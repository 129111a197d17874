import type { Extents } from "./extents.ts";

/**
 * Bytes per bucket, for drawing: the image's `size` bytes in `buckets` stretches of equal length, each with how
 * many of its bytes the pieces cover. The pieces may come in any order and must not overlap.
 *
 * @throws {RangeError} when `buckets` is not a whole number above 0
 */
export function strip(pieces: Extents, size: number, buckets: number): number[] {
  if (!Number.isSafeInteger(buckets) || buckets < 1) throw new RangeError(`a strip of ${buckets} buckets`);
  const bytes = new Array<number>(buckets).fill(0);
  const edge = (bucket: number) => Math.round((size / buckets) * bucket);
  for (let at = 0; at < pieces.length; at += 2) {
    let offset = pieces[at] as number;
    const end = Math.min(size, offset + (pieces[at + 1] as number));
    let bucket = Math.min(buckets - 1, Math.floor((offset / size) * buckets));
    while (bucket > 0 && edge(bucket) > offset) bucket--;
    for (; offset < end; bucket++) {
      const stop = Math.min(end, bucket + 1 < buckets ? edge(bucket + 1) : size);
      if (stop > offset) {
        bytes[bucket] = (bytes[bucket] ?? 0) + stop - offset;
        offset = stop;
      }
    }
  }
  return bytes;
}
