import { hasCode } from "../errors/to-coppice-error.ts";
import { DecodeError } from "../headers/decode-error.ts";
import type { HeldImage } from "../headers/find-image.ts";
import { imageLayout } from "../headers/image-layout.ts";
import { objectMapObject } from "../headers/object-names.ts";
import { readContent } from "../headers/read-objects.ts";
import { imageFeatures, imageFlags } from "../image/features.ts";
import { decodeObjectMap, objectMapBytes } from "../object-map/decode-object-map.ts";
import { objectCount } from "../object-map/object-layout.ts";
import type { ObjectMap } from "../object-map/object-map.ts";
import type { ObjectMapsState } from "./snapshot-chain-types.ts";

export interface ReadObjectMaps {
  state: ObjectMapsState;
  /** One for each snapshot, oldest first, and one for HEAD; `null` where it cannot be trusted. */
  maps: (ObjectMap | null)[];
}

const invalidBits = imageFlags["object map invalid"] | imageFlags["fast diff invalid"];
const needed = imageFeatures["object-map"] | imageFeatures["fast-diff"];

/**
 * Reads the object maps of all snapshots and of HEAD, all at once. A map that Ceph calls invalid is not used,
 * and neither is one that is damaged or does not fit the image's size: the state says which and what to do.
 */
export async function readObjectMaps(image: HeldImage, signal?: AbortSignal): Promise<ReadObjectMaps> {
  const { header } = image;
  const points = [
    ...header.snapshots.map(({ id, name, size, flags }) => ({ id, name, size, flags })),
    { id: undefined, name: null, size: header.size, flags: header.flags },
  ];
  if ((header.features & needed) !== needed) {
    return {
      state: {
        state: "absent",
        remedy: `Enable object-map and fast-diff on ${image.spec}, then rebuild its object map.`,
      },
      maps: points.map(() => null),
    };
  }
  const layout = imageLayout(header);
  const unreadable: (string | null)[] = [];
  const maps = await Promise.all(
    points.map(async ({ id, name, size, flags }) => {
      if ((flags & invalidBits) !== 0n) return null;
      const objects = objectCount(layout, size);
      const map = await readMap(image, id, objectMapBytes(objects), signal);
      if (map !== null && map.length >= objects) return map;
      unreadable.push(name);
      return null;
    }),
  );
  const invalid = points.filter(({ flags }) => (flags & invalidBits) !== 0n).map(({ name }) => name);
  const remedy = `Rebuild the object map of ${image.spec}: as a task, or with \`rbd object-map rebuild\`.`;
  if (invalid.length > 0) return { state: { state: "invalid", points: invalid, remedy }, maps };
  if (unreadable.length > 0) return { state: { state: "unreadable", points: unreadable, remedy }, maps };
  return { state: { state: "valid" }, maps };
}

async function readMap(
  image: HeldImage,
  snapshotId: bigint | undefined,
  expected: number,
  signal: AbortSignal | undefined,
): Promise<ObjectMap | null> {
  const object = objectMapObject(image.id, snapshotId);
  try {
    return decodeObjectMap(await readContent(image.place.ioCtx, object, expected, signal), object);
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return null;
    throw error;
  }
}
