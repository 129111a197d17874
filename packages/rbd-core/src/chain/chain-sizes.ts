import { compareObjectMaps, emptyObjectMap, type ObjectMap } from "../diff/index.ts";
import { bytesOfObject, type ObjectLayout } from "../headers/index.ts";

/** A byte-accurate diff from the previous point. Extents in any order. */
export interface PointDiff {
  /** Ranges that were written. */
  written: Extents;
  /** Ranges that had data and read as zeros now. */
  discarded: Extents;
  /** Ranges that had data and are past the end now. A diff does not report them: it ends where the later point ends. */
  cutOff: Extents;
}

/** In bytes, as in `ChainPoint`; `null` when a diff is missing. */
interface ExactPoint {
  own: number | null;
  delta: number | null;
  /** 0 for the last point. */
  freedIfRemoved: number | null;
}

/**
 * Computes the exact sizes of a chain from the diffs between adjacent points. Removing a snapshot frees the data that was
 * written since the point before it, and was overwritten, discarded or cut off before the point after it.
 *
 * @param diffs oldest first, HEAD last; the first is the diff from an empty image; `null` for a diff that is missing
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

/** A point in the history of an image; `map` is `null` when its object map cannot be used. */
interface MappedPoint {
  size: number;
  map: ObjectMap | null;
}

/** In bytes, as in `ChainPoint`; `null` when a map is missing. */
interface PointEstimate {
  own: number | null;
  delta: number | null;
  /** 0 for the last point. */
  freedIfRemoved: number | null;
  /** The space that removing this point frees after all earlier points were removed. 0 for the last point. */
  freedInOrder: number | null;
}

/**
 * Estimates the sizes of a chain from the object maps alone, in one pass.
 *
 * A version of an object belongs to a snapshot if the object was written since the snapshot before. No other point uses
 * that version if the object was written or discarded again before the next point.
 *
 * @param points oldest first, HEAD last
 */
export function estimateChain(layout: ObjectLayout, points: readonly MappedPoint[]): PointEstimate[] {
  const estimates: PointEstimate[] = [];
  let writtenBefore = new ChangedObjects();
  let previous: MappedPoint | undefined;
  for (const point of points) {
    const before = previous === undefined ? emptyObjectMap : previous.map;
    const after = point.map;
    const written = new ChangedObjects();
    const last = estimates.at(-1);
    if (before === null || after === null) {
      if (last !== undefined) {
        last.freedIfRemoved = null;
        last.freedInOrder = null;
      }
      estimates.push({ own: null, delta: null, freedIfRemoved: 0, freedInOrder: 0 });
      writtenBefore = written;
      previous = point;
      continue;
    }
    const sizes = { before: previous?.size ?? 0, after: point.size };
    const estimate = { own: 0, delta: 0, freedIfRemoved: 0, freedInOrder: 0 };
    let freed = 0;
    let freedInOrder = 0;
    compareObjectMaps(before, after, (index, change) => {
      const bytesBefore = before.state(index) === 0 ? 0 : bytesOfObject(layout, sizes.before, index);
      const bytesAfter = change === "written" ? bytesOfObject(layout, sizes.after, index) : 0;
      if (change === "written") written.add(index);
      estimate.own += bytesAfter;
      estimate.delta += Math.max(bytesBefore, bytesAfter);
      freedInOrder += bytesBefore;
      if (writtenBefore.has(index)) freed += bytesBefore;
    });
    if (last !== undefined) {
      // Stays unknown when the last point could not be compared with the one before it.
      last.freedIfRemoved = last.own === null ? null : freed;
      last.freedInOrder = freedInOrder;
    }
    estimates.push(estimate);
    writtenBefore = written;
    previous = point;
  }
  return estimates;
}

/** A set of object numbers that are added, and looked up, in ascending order. */
class ChangedObjects {
  readonly #indexes: number[] = [];
  #next = 0;

  add(index: number): void {
    this.#indexes.push(index);
  }

  has(index: number): boolean {
    while (this.#next < this.#indexes.length && (this.#indexes[this.#next] as number) < index) this.#next++;
    return this.#indexes[this.#next] === index;
  }
}

/**
 * Ranges of an image in bytes, flattened: offset, length, offset, length, … In results they are ascending, and no two of
 * them overlap or touch.
 */
export type Extents = readonly number[];

/** Sorts extents and merges those that overlap or touch. */
export function normalizeExtents(extents: Extents): number[] {
  const order = Array.from({ length: extents.length / 2 }, (_, index) => index * 2);
  order.sort((a, b) => (extents[a] as number) - (extents[b] as number));
  const joined: number[] = [];
  for (const at of order) append(joined, extents[at] as number, extents[at + 1] as number);
  return joined;
}

/** The number of bytes in normalized extents. */
export function sumOfExtents(extents: Extents): number {
  let sum = 0;
  for (let at = 1; at < extents.length; at += 2) sum += extents[at] as number;
  return sum;
}

export const union = (a: Extents, b: Extents) => combine(a, b, (inA, inB) => inA || inB);
export const intersection = (a: Extents, b: Extents) => combine(a, b, (inA, inB) => inA && inB);

/** Walks over both in parallel and keeps the ranges that `keep` selects. Takes time linear in the number of extents. */
function combine(a: Extents, b: Extents, keep: (inA: boolean, inB: boolean) => boolean): number[] {
  const kept: number[] = [];
  let [i, j, at] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const [startA, endA] = extentAt(a, i);
    const [startB, endB] = extentAt(b, j);
    const inA = at >= startA;
    const inB = at >= startB;
    const next = Math.min(inA ? endA : startA, inB ? endB : startB);
    if (keep(inA, inB)) append(kept, at, next - at);
    at = next;
    if (at === endA) i += 2;
    if (at === endB) j += 2;
  }
  return kept;
}

function extentAt(extents: Extents, at: number): [start: number, end: number] {
  if (at >= extents.length) return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const start = extents[at] as number;
  return [start, start + (extents[at + 1] as number)];
}

/** Appends an extent that starts at or after the start of the last one, and merges the two if they overlap or touch. */
function append(extents: number[], offset: number, length: number): void {
  if (length === 0) return;
  const last = extents.length - 2;
  const lastOffset = extents[last];
  const lastEnd = lastOffset === undefined ? -1 : lastOffset + (extents[last + 1] as number);
  if (offset > lastEnd) extents.push(offset, length);
  else extents[last + 1] = Math.max(lastEnd, offset + length) - (lastOffset as number);
}
