import type { IoCtx } from "rbd-native";
import { hasCode } from "../errors/to-coppice-error.ts";
import { DecodeError } from "../headers/decode-error.ts";
import { objectMapObject } from "../headers/object-names.ts";
import { readContent } from "../headers/read-objects.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { decodeObjectMap, objectMapBytes } from "../object-map/decode-object-map.ts";
import { objectCount } from "../object-map/object-layout.ts";
import type { ObjectMap } from "../object-map/object-map.ts";
import { changedRanges } from "./changed-ranges.ts";
import type { SourceFacts } from "./source-facts.ts";
import type { Difference } from "./zero-delta.ts";

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
