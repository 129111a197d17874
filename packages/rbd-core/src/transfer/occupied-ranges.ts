import type { Cluster } from "../cluster/cluster.ts";
import { canUseFastDiff } from "../diff/can-use-fast-diff.ts";
import { openImage } from "../image/open-image.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/** Which parts of an image may hold something else than zeroes. */
export class OccupiedRanges {
  /** Undefined: all of it. */
  readonly #ranges: readonly (readonly [start: number, end: number])[] | undefined;
  #at = 0;

  constructor(ranges: readonly (readonly [start: number, end: number])[] | undefined) {
    this.#ranges = ranges;
  }

  /** Whether the range may hold something. Ranges must be asked for in ascending order. */
  touches(offset: number, length: number): boolean {
    if (this.#ranges === undefined) return true;
    while ((this.#ranges[this.#at]?.[1] ?? Number.POSITIVE_INFINITY) <= offset) this.#at++;
    return (this.#ranges[this.#at]?.[0] ?? Number.POSITIVE_INFINITY) < offset + length;
  }
}

/**
 * Finds which parts of an image's head hold objects, by its object map. Without one that can be trusted, or with a
 * parent, anything may be anywhere.
 */
export async function occupiedRanges(
  cluster: Cluster,
  place: ImageSpec,
  signal?: AbortSignal,
): Promise<OccupiedRanges> {
  // A handle of its own: whether maps can be trusted is asked of it at each snapshot.
  await using image = await openImage(cluster, place, { readOnly: true });
  const { size } = await image.stat({ signal });
  if (size === 0) return new OccupiedRanges([]);
  if ((await image.parent({ signal })) !== null) return new OccupiedRanges(undefined);
  if (!(await canUseFastDiff(image, null, undefined, { signal }))) return new OccupiedRanges(undefined);
  const found: [start: number, end: number][] = [];
  for await (const batch of image.diffIterate({ wholeObject: true, signal })) {
    for (let i = 0; i < batch.count; i++) {
      if (batch.exists(i)) found.push([batch.offset(i), batch.offset(i) + batch.length(i)]);
    }
  }
  const ranges: [start: number, end: number][] = [];
  for (const [start, end] of found.sort(([a], [b]) => a - b)) {
    const last = ranges.at(-1);
    if (last !== undefined && start <= last[1]) last[1] = Math.max(last[1], end);
    else ranges.push([start, end]);
  }
  return new OccupiedRanges(ranges);
}
