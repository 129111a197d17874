import { difference, type Extents, intersection, normalizeExtents, sumOfExtents, union } from "./extents.ts";

/** What a byte-accurate diff from the point before says. */
export interface PointDiff {
  /** Size of the image at this point, in bytes. */
  size: number;
  /** Pieces with data that was written since. In any order. */
  written: Extents;
  /** Pieces that had data and read as zeros now. In any order. */
  discarded: Extents;
}

/** Bytes. See `ChainPoint` for what they mean. */
export interface ExactPoint {
  own: number;
  delta: number;
  /** 0 for the last point. */
  freedIfRemoved: number;
}

/**
 * The exact numbers of a chain, out of the diffs between neighbours: a snapshot frees what was written before
 * it and replaced, discarded or cut off after it.
 *
 * @param diffs oldest first, HEAD last; the first is the diff from nothing
 */
export function exactChain(diffs: readonly PointDiff[]): ExactPoint[] {
  const points: ExactPoint[] = [];
  let writtenBefore: Extents = [];
  let data: Extents = [];
  for (const diff of diffs) {
    const written = normalizeExtents(diff.written);
    // A diff ends where the later point ends, so what a shrink cut off is not in it.
    const pastEnd = [diff.size, Number.MAX_SAFE_INTEGER - diff.size];
    const gone = union(normalizeExtents(diff.discarded), intersection(data, pastEnd));
    const changed = union(written, gone);
    const last = points.at(-1);
    if (last !== undefined) last.freedIfRemoved = sumOfExtents(intersection(writtenBefore, changed));
    points.push({ own: sumOfExtents(written), delta: sumOfExtents(changed), freedIfRemoved: 0 });
    data = union(difference(data, gone), written);
    writtenBefore = written;
  }
  return points;
}
