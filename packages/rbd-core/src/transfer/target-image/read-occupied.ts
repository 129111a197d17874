import type { IoCtx } from "rbd-native";
import { imageLayout } from "../../headers/image-layout.ts";
import { objectState } from "../../object-map/object-map.ts";
import { readObjectMap } from "../../object-map/read-object-map.ts";
import { OccupiedRanges } from "../plan/occupied-ranges.ts";
import { readMappedHeader } from "./mapped-header.ts";

/**
 * Finds which parts of an image's head hold objects, by its object map, read past librbd. Without one that can be
 * trusted, or with a parent, anything may be anywhere. For who holds the image's lock.
 *
 * @param id The image's.
 * @throws RbdError
 */
export async function readOccupied(ioCtx: IoCtx, id: string, signal?: AbortSignal): Promise<OccupiedRanges> {
  const anywhere = new OccupiedRanges(undefined);
  const header = await readMappedHeader(ioCtx, id, signal);
  if (header === undefined || (header.parent?.headOverlap ?? 0) > 0) return anywhere;
  if (header.size === 0) return new OccupiedRanges([]);
  const map = await readObjectMap(ioCtx, id, header, { size: header.size }, signal);
  if (map === null) return anywhere;
  // With stripes, an object's bytes lie all over its set of objects.
  const { objectSize, stripeCount } = imageLayout(header);
  const setBytes = objectSize * stripeCount;
  const ranges: [start: number, end: number][] = [];
  for (let index = 0; index < map.length; index++) {
    // Most of a thin image's map is nothing: sixteen objects a word.
    if (index % 16 === 0 && map.words[index / 16] === 0) index += 15;
    else if (map.state(index) !== objectState.nonexistent) {
      const start = Math.floor(index / stripeCount) * setBytes;
      const last = ranges.at(-1);
      if (last !== undefined && start <= last[1]) last[1] = start + setBytes;
      else ranges.push([start, start + setBytes]);
    }
  }
  return new OccupiedRanges(ranges);
}
