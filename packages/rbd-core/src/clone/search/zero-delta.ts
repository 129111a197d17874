import { compareObjectMaps, type ObjectMap, objectState } from "../../diff/index.ts";
import type { ObjectLayout } from "../../headers/index.ts";
import type { SnapshotRow } from "../../inventory/index.ts";

/** A range of bytes that differs. `exists` is false where the current state has no data (zeros). */
export interface Difference {
  offset: number;
  length: number;
  exists: boolean;
}

/** What the search reads from an image. Every diff is from a snapshot to the current state. */
export interface DeltaReader {
  /**
   * Whether the object maps of the current state and of the snapshot exist and are valid, so that a whole-object diff is
   * both fast and complete.
   */
  hasObjectMaps(snapshot: SnapshotRow): Promise<boolean>;
  /** Whether the snapshot has the same parent, with the same overlap, as the current state. */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean>;
  /** Byte-accurate differences within a range. Leaving the iteration early stops the work. */
  exact(snapshot: SnapshotRow, offset: number, length: number): AsyncIterable<readonly Difference[]>;
  /** Whole objects that may differ. None means that nothing differs. Leaving the iteration early stops the work. */
  coarse(snapshot: SnapshotRow): AsyncIterable<readonly Difference[]>;
}

/** The snapshots that can equal the current state: the user's, of the image's current size, newest first. */
export function deltaCandidates(snapshots: readonly SnapshotRow[], size: number): SnapshotRow[] {
  return snapshots
    .filter((snapshot) => snapshot.kind === "user" && snapshot.size === size)
    .sort((a, b) => (a.id < b.id ? 1 : a.id > b.id ? -1 : 0));
}

/**
 * Finds the newest of `candidates` that holds exactly the current state, or `null`.
 *
 * A snapshot is ruled out by its first difference. When the current state has data there, the whole search ends: data
 * written after one snapshot was also written after every older one. Only where the current state has no data can an
 * older snapshot, from before that range was first written, still be equal.
 */
export async function findZeroDelta(
  reader: DeltaReader,
  candidates: readonly SnapshotRow[],
  size: number,
  onTried?: (tried: number) => void,
): Promise<SnapshotRow | null> {
  let previous: Difference | undefined;
  for (const [index, snapshot] of candidates.entries()) {
    const difference =
      (previous && (await firstOf(reader.exact(snapshot, previous.offset, previous.length)))) ??
      (await firstDifference(reader, snapshot, size));
    onTried?.(index + 1);
    if (difference?.exists) return null;
    if (difference === undefined && (await reader.hasSameParent(snapshot))) return snapshot;
    previous = difference;
  }
  return null;
}

/**
 * The first range where the snapshot differs from the current state.
 *
 * Compares whole objects first where the object maps can be trusted: no changed object, no difference. An object that was
 * written to need not differ, so the changed ones are then compared byte by byte.
 */
async function firstDifference(
  reader: DeltaReader,
  snapshot: SnapshotRow,
  size: number,
): Promise<Difference | undefined> {
  if (size === 0) return undefined;
  if (!(await reader.hasObjectMaps(snapshot))) return firstOf(reader.exact(snapshot, 0, size));
  // Usually the first object decides, so it is compared before the rest is listed. The two diffs never run at the same
  // time: an image answers one of them at a time.
  const first = await firstOf(reader.coarse(snapshot));
  if (first === undefined) return undefined;
  const decided = await firstOf(reader.exact(snapshot, first.offset, first.length));
  if (decided !== undefined) return decided;
  for (const range of await ranges(reader.coarse(snapshot))) {
    const difference = await firstOf(reader.exact(snapshot, range.offset, range.length));
    if (difference !== undefined) return difference;
  }
  return undefined;
}

async function firstOf(batches: AsyncIterable<readonly Difference[]>): Promise<Difference | undefined> {
  for await (const batch of batches) {
    const [first] = batch;
    if (first !== undefined) return first;
  }
  return undefined;
}

/** All of them, in order, neighbours joined. */
async function ranges(batches: AsyncIterable<readonly Difference[]>): Promise<Difference[]> {
  const all: Difference[] = [];
  for await (const batch of batches) all.push(...batch);
  all.sort((a, b) => a.offset - b.offset);
  const joined: Difference[] = [];
  for (const next of all) {
    const last = joined.at(-1);
    if (last !== undefined && last.offset + last.length === next.offset) last.length += next.length;
    else joined.push({ ...next });
  }
  return joined;
}

/** With more ranges than this, listing them costs more than asking librbd. */
const mostRanges = 100_000;

/**
 * The ranges of an image whose objects changed from the first of the maps to the last, in order. Pure. The maps are those
 * of consecutive snapshots, and the last one is the current state's. In a striped image a range is a whole object set.
 * `null` when there are too many to list.
 */
export function changedRanges(
  maps: readonly ObjectMap[],
  layout: ObjectLayout,
  size: number,
): Difference[] | null {
  const setBytes = layout.objectSize * layout.stripeCount;
  const isThere = (map: ObjectMap | undefined, object: number) =>
    map !== undefined && map.state(object) !== objectState.nonexistent;
  const [first, last] = [maps[0], maps.at(-1)];
  const sets = new Map<number, boolean>();
  for (const [index, after] of maps.entries()) {
    const before = maps[index - 1];
    if (before === undefined) continue;
    compareObjectMaps(before, after, (object) => {
      if (sets.size > mostRanges) return;
      const set = Math.floor(object / layout.stripeCount);
      const exists = isThere(last, object);
      // The object was created and removed again in between.
      if (!exists && !isThere(first, object)) return;
      sets.set(set, exists || sets.get(set) === true);
    });
  }
  if (sets.size > mostRanges) return null;
  return [...sets]
    .map(([set, exists]) => {
      const offset = set * setBytes;
      return { offset, length: Math.min(setBytes, size - offset), exists };
    })
    .filter(({ length }) => length > 0)
    .sort((a, b) => a.offset - b.offset);
}
