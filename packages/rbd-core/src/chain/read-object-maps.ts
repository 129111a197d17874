import { hasFastDiff, isTrusted, type ObjectMap, readObjectMap } from "../diff/index.ts";
import { imageLayout } from "../headers/index.ts";
import type { HeldImage } from "../inventory/index.ts";

/**
 * Whether the object maps of an image can be used for estimates:
 * - `valid`: yes.
 * - `absent`: the image lacks the feature object-map or fast-diff.
 * - `invalid`: Ceph has marked maps as invalid. `points` names their snapshots (`null`: HEAD).
 * - `unreadable`: maps are missing or damaged, although they are not marked as invalid.
 *
 * `remedy` says what to do, in a sentence.
 */
export type ObjectMapsState =
  | { state: "valid" }
  | { state: "absent"; remedy: string }
  | { state: "invalid" | "unreadable"; points: (string | null)[]; remedy: string };

interface ObjectMaps {
  state: ObjectMapsState;
  /** One for each snapshot, oldest first, and one for HEAD; `null` for a map that cannot be used. */
  maps: (ObjectMap | null)[];
}

/**
 * Reads the object maps of all snapshots and of HEAD at once, each from its own object.
 *
 * @param only the positions of the points to read, oldest first, HEAD last; the maps of the others are `null`. `null`: all
 * @throws {RbdError}
 */
export async function readObjectMaps(
  image: HeldImage,
  signal?: AbortSignal,
  only: ReadonlySet<number> | null = null,
): Promise<ObjectMaps> {
  const { header, spec } = image;
  const points = [
    ...header.snapshots.map(({ id, name, size, flags }) => ({ id, name, size, flags })),
    { id: undefined, name: null, size: header.size, flags: header.flags },
  ];
  if (!hasFastDiff(header.features)) {
    const remedy = `Enable object-map and fast-diff on ${spec}, then rebuild its object map.`;
    return { state: { state: "absent", remedy }, maps: points.map(() => null) };
  }
  const layout = imageLayout(header);
  const unreadable: (string | null)[] = [];
  const maps = await Promise.all(
    points.map(async ({ id, name, size, flags }, at) => {
      if (!isTrusted(flags) || only?.has(at) === false) return null;
      const map = await readObjectMap(image.place.ioCtx, image.id, layout, { id, size }, signal);
      if (map === null) unreadable.push(name);
      return map;
    }),
  );
  const invalid = points.filter(({ flags }) => !isTrusted(flags)).map(({ name }) => name);
  const remedy = `Rebuild the object map of ${spec}: as a task, or with \`rbd object-map rebuild\`.`;
  if (invalid.length > 0) return { state: { state: "invalid", points: invalid, remedy }, maps };
  if (unreadable.length > 0) return { state: { state: "unreadable", points: unreadable, remedy }, maps };
  return { state: { state: "valid" }, maps };
}
