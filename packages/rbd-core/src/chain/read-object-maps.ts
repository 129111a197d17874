import { hasFastDiff, isTrusted, type ObjectMap, readObjectMap } from "../diff/index.ts";
import type { HeldImage } from "../inventory/index.ts";
import type { ObjectMapsState } from "./snapshot-chain.ts";

interface ReadObjectMaps {
  state: ObjectMapsState;
  /** One for each snapshot, oldest first, and one for HEAD; `null` where it cannot be trusted. */
  maps: (ObjectMap | null)[];
}

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
  if (!hasFastDiff(header.features)) {
    return {
      state: {
        state: "absent",
        remedy: `Enable object-map and fast-diff on ${image.spec}, then rebuild its object map.`,
      },
      maps: points.map(() => null),
    };
  }
  const unreadable: (string | null)[] = [];
  const maps = await Promise.all(
    points.map(async ({ id, name, size, flags }) => {
      if (!isTrusted(flags)) return null;
      const map = await readObjectMap(image.place.ioCtx, image.id, header, { id, size }, signal);
      if (map === null) unreadable.push(name);
      return map;
    }),
  );
  const invalid = points.filter(({ flags }) => !isTrusted(flags)).map(({ name }) => name);
  const remedy = `Rebuild the object map of ${image.spec}: as a task, or with \`rbd object-map rebuild\`.`;
  if (invalid.length > 0) return { state: { state: "invalid", points: invalid, remedy }, maps };
  if (unreadable.length > 0) return { state: { state: "unreadable", points: unreadable, remedy }, maps };
  return { state: { state: "valid" }, maps };
}
