import { type Extents, intersection, normalizeExtents, sumOfExtents, union } from "./extents.ts";

/** What a byte-accurate diff from the point before says. Pieces in any order. */
export interface PointDiff {
  /** Data that was written since. */
  written: Extents;
  /** What had data and reads as zeros now. */
  discarded: Extents;
  /** What had data and lies past the end now; a diff ends where the later point ends. */
  cutOff: Extents;
}

/** Bytes. See `ChainPoint` for what they mean; `null` where a diff that is needed is missing. */
export interface ExactPoint {
  own: number | null;
  delta: number | null;
  /** 0 for the last point. */
  freedIfRemoved: number | null;
}

/**
 * The exact numbers of a chain, out of the diffs between neighbours: a snapshot frees what was written before
 * it and replaced, discarded or cut off after it.
 *
 * @param diffs oldest first, HEAD last; the first is the diff from nothing; `null` for one that cannot be made
 */
export function exactChain(diffs: readonly (PointDiff | null)[]): ExactPoint[] {
  const points: ExactPoint[] = [];
  let writtenBefore: Extents | null = null;
  for (const diff of diffs) {
    const written = diff === null ? null : normalizeExtents(diff.written);
    const gone = diff === null ? null : normalizeExtents([...diff.discarded, ...diff.cutOff]);
    const changed = written === null || gone === null ? null : union(written, gone);
    const last = points.at(-1);
    if (last !== undefined) {
      last.freedIfRemoved =
        writtenBefore === null || changed === null
          ? null
          : sumOfExtents(intersection(writtenBefore, changed));
    }
    points.push({
      own: written === null ? null : sumOfExtents(written),
      delta: changed === null ? null : sumOfExtents(changed),
      freedIfRemoved: 0,
    });
    writtenBefore = written;
  }
  return points;
}
