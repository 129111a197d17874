import { compareObjectMaps, emptyObjectMap, type ObjectMap } from "../diff/index.ts";
import { bytesOfObject, type ObjectLayout } from "../headers/index.ts";

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
interface ExactPoint {
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

/** A point of an image's history; `map` is `null` when its object map cannot be trusted. */
interface MappedPoint {
  size: number;
  map: ObjectMap | null;
}

/** Bytes; `null` where a map that is needed is missing. See `ChainPoint` for what they mean. */
interface PointEstimate {
  own: number | null;
  delta: number | null;
  /** Also for the last point, where it stands for nothing: 0. */
  freedIfRemoved: number | null;
  /** What removing this point frees when all before it were removed already. */
  freedInOrder: number | null;
}

/**
 * Estimates every point of a chain out of the object maps alone, in one pass.
 *
 * A snapshot's version of an object is its own when the object was written after the snapshot before, and is
 * kept for nobody else when it was written or discarded again before the next point.
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
      // Unknown stays unknown when the point before it could not be compared.
      last.freedIfRemoved = last.own === null ? null : freed;
      last.freedInOrder = freedInOrder;
    }
    estimates.push(estimate);
    writtenBefore = written;
    previous = point;
  }
  return estimates;
}

/** Ascending object numbers, asked for in ascending order: no set is needed. */
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

/** Pieces of an image as offset, length, offset, length, …: ascending, not touching each other. In bytes. */
export type Extents = readonly number[];

/** Sorts pieces that come in any order and joins those that touch or overlap. */
export function normalizeExtents(pieces: Extents): number[] {
  const order = Array.from({ length: pieces.length / 2 }, (_, index) => index * 2);
  order.sort((a, b) => (pieces[a] as number) - (pieces[b] as number));
  const joined: number[] = [];
  for (const at of order) append(joined, pieces[at] as number, pieces[at + 1] as number);
  return joined;
}

export function sumOfExtents(extents: Extents): number {
  let sum = 0;
  for (let at = 1; at < extents.length; at += 2) sum += extents[at] as number;
  return sum;
}

export const union = (a: Extents, b: Extents) => combine(a, b, (inA, inB) => inA || inB);
export const intersection = (a: Extents, b: Extents) => combine(a, b, (inA, inB) => inA && inB);

/** Walks over both at once and keeps the stretches that `keep` says, in time linear in their number. */
function combine(a: Extents, b: Extents, keep: (inA: boolean, inB: boolean) => boolean): number[] {
  const kept: number[] = [];
  let [i, j, at] = [0, 0, 0];
  while (i < a.length || j < b.length) {
    const [startA, endA] = piece(a, i);
    const [startB, endB] = piece(b, j);
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

function piece(extents: Extents, at: number): [start: number, end: number] {
  if (at >= extents.length) return [Number.POSITIVE_INFINITY, Number.POSITIVE_INFINITY];
  const start = extents[at] as number;
  return [start, start + (extents[at + 1] as number)];
}

/** Adds a piece that starts at or after the start of the last one. */
function append(extents: number[], offset: number, length: number): void {
  if (length === 0) return;
  const last = extents.length - 2;
  const lastOffset = extents[last];
  const lastEnd = lastOffset === undefined ? -1 : lastOffset + (extents[last + 1] as number);
  if (offset > lastEnd) extents.push(offset, length);
  else extents[last + 1] = Math.max(lastEnd, offset + length) - (lastOffset as number);
}
