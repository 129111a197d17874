import type { Image, IoCtx } from "rbd-native";
import { decodeObjectMap, hasFastDiff, isTrusted, type ObjectMap, objectMapBytes } from "../diff/index.ts";
import { hasCode } from "../errors/index.ts";
import { DecodeError, objectCount, objectMapObject, readContent } from "../headers/index.ts";
import type { SnapshotRow } from "../inventory/index.ts";
import { lookIntoHistory, lookThroughImage, type SnapshotLook } from "./search-snapshot.ts";
import type { SourceFacts } from "./source.ts";
import { changedRanges, type DeltaReader, type Difference } from "./zero-delta.ts";

/** The search's view of an open image. The handle must be set to the current state, and be used for nothing else. */
export class ImageDeltaReader implements DeltaReader {
  readonly #ioCtx: IoCtx;
  readonly #image: Image;
  readonly #facts: SourceFacts;
  readonly #signal: AbortSignal | undefined;
  readonly #look: SnapshotLook;

  constructor(ioCtx: IoCtx, image: Image, facts: SourceFacts, signal: AbortSignal | undefined) {
    this.#ioCtx = ioCtx;
    this.#image = image;
    this.#facts = facts;
    this.#signal = signal;
    const { history, parent } = facts;
    this.#look = history === null ? lookThroughImage(image, parent) : lookIntoHistory(history);
  }

  /** Every snapshot from this one on has its own map, and one bad map spoils the comparison. */
  async hasObjectMaps(snapshot: SnapshotRow): Promise<boolean> {
    const { features, flags, snapshots } = this.#facts;
    if (!hasFastDiff(features) || !isTrusted(flags)) return false;
    for (const each of snapshots) {
      if (each.id >= snapshot.id && !isTrusted(await this.#look.flags(each))) return false;
    }
    return true;
  }

  /**
   * A clone that was flattened, or shrunk and grown again, no longer reads from its parent what its older
   * snapshots read there. Librbd copies such data up first, so that a diff shows it; this does not rely on every
   * client having done so.
   */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean> {
    return this.#look.hasSameParent(snapshot);
  }

  exact(snapshot: SnapshotRow, offset: number, length: number): AsyncIterable<readonly Difference[]> {
    return this.#diff(snapshot, offset, length, false);
  }

  async *coarse(snapshot: SnapshotRow): AsyncGenerator<readonly Difference[]> {
    const ranges = await readChangedRanges(this.#ioCtx, this.#facts, snapshot, this.#signal);
    if (ranges !== null) yield ranges;
    else yield* this.#diff(snapshot, 0, this.#facts.size, true);
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

/** More maps than this between a snapshot and the current state are left to librbd. */
const mostMaps = 16;

/**
 * What librbd's fast whole-object diff would say, out of the object maps themselves: a few kilobytes are read
 * where librbd goes through every object of the image. `null` when a map is missing, damaged or too short, or
 * when there is too much of anything: librbd has to be asked then.
 *
 * The maps must not be marked invalid. A client that writes marks the object in the map first, so an object that
 * is not marked was not written.
 */
export async function readChangedRanges(
  ioCtx: IoCtx,
  facts: SourceFacts,
  from: SnapshotRow,
  signal: AbortSignal | undefined,
): Promise<Difference[] | null> {
  const points = [
    ...facts.snapshots.filter(({ id }) => id >= from.id).map(({ id, size }) => ({ id, size })),
    { id: undefined, size: facts.size },
  ];
  if (points.length > mostMaps) return null;
  const maps = await Promise.all(
    points.map(({ id, size }) => readMap(ioCtx, facts, id, objectCount(facts, size), signal)),
  );
  const usable = maps.filter((map) => map !== null);
  return usable.length < maps.length ? null : changedRanges(usable, facts, facts.size);
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
