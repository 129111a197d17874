import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { decodeObjectMap, hasFastDiff, isTrusted, type ObjectMap, objectMapBytes } from "../../diff/index.ts";
import { hasCode, withCoppiceErrors } from "../../errors/index.ts";
import {
  DecodeError,
  objectCount,
  objectMapObject,
  readContent,
  type SnapshotHeader,
} from "../../headers/index.ts";
import { imageFeatures } from "../../image/index.ts";
import { type ParentLink, readParent, type SnapshotRow } from "../../inventory/index.ts";
import { showImageSpec } from "../../names/index.ts";
import type { SnapshotHistory, SourceFacts } from "./source.ts";
import {
  changedRanges,
  type DeltaReader,
  type Difference,
  deltaCandidates,
  findZeroDelta,
} from "./zero-delta.ts";

/** What a search for a snapshot with the current state found. */
export interface SearchResult {
  snapshot: SnapshotRow | null;
  /** Why this snapshot, or why none. One sentence without a full stop. */
  reason: string;
}

/** Searches the snapshots of an open image for one that holds exactly the current state. */
export async function searchSnapshot(
  cluster: Cluster,
  image: Image,
  facts: SourceFacts,
  signal: AbortSignal | undefined,
  onTried: (done: number, total: number) => void,
): Promise<SearchResult> {
  const object = showImageSpec(facts.spec);
  const candidates = deltaCandidates(facts.snapshots, facts.size);
  const ioCtx = await cluster.pool(facts.spec.pool, facts.spec.namespace);
  onTried(0, candidates.length);
  const reader = new ImageDeltaReader(ioCtx, image, facts, signal);
  const [snapshot, isUsable] = await withCoppiceErrors(
    { object, what: `${object} could not be compared with its snapshots` },
    async () => {
      const found = await findZeroDelta(reader, candidates, facts.size, (tried) =>
        onTried(tried, candidates.length),
      );
      return [found, found !== null && (await reader.canBeOpened(found))];
    },
  );
  if (snapshot !== null && isUsable) return { snapshot, reason: "it holds exactly the current state" };
  if (snapshot !== null) {
    return {
      snapshot: null,
      reason: `the snapshot ${snapshot.name} has lost its object map, so it cannot be opened`,
    };
  }
  if (!facts.snapshots.some(({ kind }) => kind === "user")) {
    return { snapshot, reason: "the source has no snapshot" };
  }
  if (candidates.length === 0) return { snapshot, reason: "the source was resized since its snapshots" };
  return { snapshot, reason: "the source was written to since its newest snapshot" };
}

/** Reads the differences from an open image. The handle must be set to the current state, and be used for nothing else. */
export class ImageDeltaReader implements DeltaReader {
  readonly #ioCtx: IoCtx;
  readonly #image: Image;
  readonly #facts: SourceFacts;
  readonly #signal: AbortSignal | undefined;
  readonly #details: SnapshotDetails;
  /** Of which all object maps from the snapshot on were read. */
  readonly #read = new Set<bigint>();

  constructor(ioCtx: IoCtx, image: Image, facts: SourceFacts, signal: AbortSignal | undefined) {
    this.#ioCtx = ioCtx;
    this.#image = image;
    this.#facts = facts;
    this.#signal = signal;
    const { history, parent } = facts;
    this.#details = history === null ? detailsFromImage(image, parent) : detailsFromHeader(history);
  }

  /** Every snapshot from this one on has a map of its own, and one invalid map spoils the comparison. */
  async hasObjectMaps(snapshot: SnapshotRow): Promise<boolean> {
    const { features, flags, snapshots } = this.#facts;
    if (!hasFastDiff(features) || !isTrusted(flags)) return false;
    for (const each of snapshots) {
      if (each.id >= snapshot.id && !isTrusted(await this.#details.flags(each))) return false;
    }
    return true;
  }

  /**
   * A clone that was flattened, or shrunk and grown again, no longer reads from its parent what its older snapshots read
   * there. librbd copies such data up first, so that a diff shows it; this check does not rely on every client having
   * done so.
   */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean> {
    return this.#details.hasSameParent(snapshot);
  }

  exact(snapshot: SnapshotRow, offset: number, length: number): AsyncIterable<readonly Difference[]> {
    return this.#diff(snapshot, offset, length, false);
  }

  /** A map that is missing, as a client leaves it that dies while it makes a snapshot, says nothing: all may differ. */
  async *coarse(snapshot: SnapshotRow): AsyncGenerator<readonly Difference[]> {
    const { size } = this.#facts;
    const ranges = await readChangedRanges(this.#ioCtx, this.#facts, snapshot, this.#signal);
    if (ranges === "damaged") yield [{ offset: 0, length: size, exists: true }];
    else if (ranges === "too many") yield* this.#coarseByLibrbd(snapshot);
    else {
      this.#read.add(snapshot.id);
      yield ranges;
    }
  }

  async *#coarseByLibrbd(snapshot: SnapshotRow): AsyncGenerator<readonly Difference[]> {
    const { size } = this.#facts;
    try {
      yield* this.#diff(snapshot, 0, size, true);
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
      yield [{ offset: 0, length: size, exists: true }];
    }
  }

  /** Whether librbd can open the snapshot, and so clone it: its object map is whole, where the image has the feature. */
  async canBeOpened({ id, size }: SnapshotRow): Promise<boolean> {
    const facts = this.#facts;
    if (this.#read.has(id) || (facts.features & imageFeatures["object-map"]) === 0n) return true;
    return (await readMap(this.#ioCtx, facts, id, objectCount(facts, size), this.#signal)) !== null;
  }

  async *#diff(
    snapshot: SnapshotRow,
    offset: number,
    length: number,
    wholeObject: boolean,
  ): AsyncGenerator<readonly Difference[]> {
    const options = { from: snapshot.name, offset, length, wholeObject, signal: this.#signal };
    for await (const batch of this.#image.diffIterate(options)) {
      yield Array.from({ length: batch.count }, (_, i) => ({
        offset: batch.offset(i),
        length: batch.length(i),
        exists: batch.exists(i),
      }));
    }
  }
}

/** What has to be known of a snapshot before its data can be compared. */
export interface SnapshotDetails {
  /** `RBD_FLAG_*` bits of its object map. */
  flags(snapshot: SnapshotRow): Promise<bigint>;
  /** Whether it has the same parent, with the same overlap, as the current state. */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean>;
}

/** From the header that was read already. */
export function detailsFromHeader({ snapshots, parent }: SnapshotHistory): SnapshotDetails {
  const find = (id: bigint) => snapshots.find((snapshot) => snapshot.id === id);
  const overlapOf = ({ parentOverlap, ownParent }: SnapshotHeader) =>
    // Before Nautilus each snapshot had a link of its own, possibly to another parent.
    ownParent !== null &&
    (ownParent.imageId !== parent?.imageId || ownParent.snapshotId !== parent.snapshotId)
      ? undefined
      : parentOverlap;
  return {
    flags: async ({ id }) => find(id)?.flags ?? 0n,
    async hasSameParent({ id }) {
      const snapshot = find(id);
      return snapshot !== undefined && overlapOf(snapshot) === (parent?.headOverlap ?? null);
    },
  };
}

/**
 * From librbd, which answers for the snapshot that a handle is set to. The handle is set back to the current state after
 * each question, and must be used for nothing else meanwhile.
 */
export function detailsFromImage(image: Image, parent: ParentLink | null): SnapshotDetails {
  const at = async <T>({ id }: SnapshotRow, action: () => Promise<T>): Promise<T> => {
    await image.setSnapshot(id);
    try {
      return await action();
    } finally {
      await image.setSnapshot(null);
    }
  };
  return {
    flags: (snapshot) => at(snapshot, () => image.flags()),
    hasSameParent: async (snapshot) => sameParent(await at(snapshot, () => readParent(image)), parent),
  };
}

function sameParent(a: ParentLink | null, b: ParentLink | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.poolName === b.poolName &&
    a.namespace === b.namespace &&
    a.imageId === b.imageId &&
    a.snapshotId === b.snapshotId &&
    a.overlap === b.overlap
  );
}

/** With more object maps than this between a snapshot and the current state, librbd compares them. */
const mostMaps = 16;

/**
 * What librbd's fast whole-object diff would report, read from the object maps themselves: a few kilobytes, where librbd
 * goes through every object of the image. `damaged` when a map is missing, damaged or too short, so that librbd cannot use
 * it either; `too many` maps or ranges: then librbd has to compare.
 *
 * The maps must not be marked invalid. A client that writes marks the object in the map first, so an object that is not
 * marked was not written.
 */
export async function readChangedRanges(
  ioCtx: IoCtx,
  facts: SourceFacts,
  from: SnapshotRow,
  signal: AbortSignal | undefined,
): Promise<Difference[] | "damaged" | "too many"> {
  const points = [
    ...facts.snapshots.filter(({ id }) => id >= from.id).map(({ id, size }) => ({ id, size })),
    { id: undefined, size: facts.size },
  ];
  if (points.length > mostMaps) return "too many";
  const maps = await Promise.all(
    points.map(({ id, size }) => readMap(ioCtx, facts, id, objectCount(facts, size), signal)),
  );
  const usable = maps.filter((map) => map !== null);
  if (usable.length < maps.length) return "damaged";
  return changedRanges(usable, facts, facts.size) ?? "too many";
}

async function readMap(
  ioCtx: IoCtx,
  { id: imageId }: SourceFacts,
  snapshotId: bigint | undefined,
  objects: number,
  signal: AbortSignal | undefined,
): Promise<ObjectMap | null> {
  const name = objectMapObject(imageId, snapshotId);
  try {
    const map = decodeObjectMap(await readContent(ioCtx, name, objectMapBytes(objects), signal), name);
    return map.length < objects ? null : map;
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}
