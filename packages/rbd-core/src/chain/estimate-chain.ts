import { compareObjectMaps } from "../object-map/compare-object-maps.ts";
import { bytesOfObject, type ObjectLayout } from "../object-map/object-layout.ts";
import { emptyObjectMap, type ObjectMap } from "../object-map/object-map.ts";

/** A point of an image's history; `map` is `null` when its object map cannot be trusted. */
export interface MappedPoint {
  size: number;
  map: ObjectMap | null;
}

/** Bytes; `null` where a map that is needed is missing. See `ChainPoint` for what they mean. */
export interface PointEstimate {
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
