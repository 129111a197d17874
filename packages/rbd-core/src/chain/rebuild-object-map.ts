import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { findImage, type HeldImage, type ImageById } from "../inventory/index.ts";
import type { ImageSpecLike } from "../names/index.ts";
import { type ObjectMapsState, readObjectMaps } from "./read-object-maps.ts";

export interface RebuildProgress {
  /** Name of the snapshot whose map is being rebuilt; `null`: HEAD. */
  point: string | null;
  /** The number of maps that were rebuilt before this one, and of all maps to rebuild. */
  maps: { done: number; total: number };
  /** Objects of this point that were checked, and all to check. */
  done: number;
  total: number;
}

export interface RebuildObjectMapOptions {
  /** Stops at the next object. Completed maps stay valid; the current one stays marked as invalid. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: RebuildProgress) => void) | undefined;
}

export interface RebuildObjectMapResult {
  /** `pool/[namespace/]image` */
  spec: string;
  /** The points whose maps were rebuilt, in that order: snapshots by name, oldest first, then HEAD (`null`). */
  rebuilt: (string | null)[];
}

/**
 * Rebuilds the object maps of an image, of its snapshots and of HEAD, that are marked as invalid, missing or damaged.
 * Valid maps are not touched, so that the next call continues an interrupted rebuild. If the process died during a
 * rebuild, the next call can begin when Ceph has noticed that, which takes half a minute. (`rbd_rebuild_object_map`)
 *
 * The image may be in use, even by a client that keeps the exclusive lock: that client then rebuilds the map of HEAD.
 * Since it may write meanwhile, librbd does not remove an object from the map of HEAD that the map says exists, even if
 * the object does not exist: after damage, estimates may stay too high, never too low.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for an image of format 1, or without object-map and fast-diff;
 * `BUSY` when a map became invalid again during the rebuild; `CANCELED`
 * @throws the signal's reason
 */
export async function rebuildObjectMap(
  cluster: Cluster,
  image: ImageSpecLike | ImageById,
  options: RebuildObjectMapOptions = {},
): Promise<RebuildObjectMapResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const held = await findImage(cluster, image, signal);
  const { spec } = held;
  return withCoppiceErrors(
    { object: spec, what: `the object map of ${spec} could not be rebuilt` },
    async () => {
      const points = await pointsToRebuild(held, signal);
      if (points.length === 0) return { spec, rebuilt: [] };
      {
        await using opened = await held.place.ioCtx.openImage({ id: held.id }, { signal });
        for (const [at, point] of points.entries()) {
          await rebuildAt(opened, held, point, { done: at, total: points.length }, options);
        }
      }
      await checkRebuilt(cluster, held, points, signal);
      return { spec, rebuilt: points };
    },
  );
}

type Point = string | null;

/** Oldest first, HEAD last. @throws {CoppiceError} `UNSUPPORTED` */
async function pointsToRebuild(held: HeldImage, signal: AbortSignal | undefined): Promise<Point[]> {
  const { state, maps } = await readObjectMaps(held, signal);
  if (state.state === "absent") {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "rebuildObjectMap",
      object: held.spec,
      message: `${held.spec} has no object map to rebuild`,
      hint: state.remedy,
    });
  }
  const names: Point[] = [...held.header.snapshots.map(({ name }) => name), null];
  return names.filter((_, at) => maps[at] === null);
}

async function rebuildAt(
  image: Image,
  { header }: HeldImage,
  point: Point,
  maps: RebuildProgress["maps"],
  { signal, onProgress }: RebuildObjectMapOptions,
): Promise<void> {
  const snapshot = point === null ? undefined : header.snapshots.find(({ name }) => name === point);
  await image.setSnapshot(snapshot?.id ?? null, { signal });
  await image.rebuildObjectMap({
    ...(signal === undefined ? {} : { signal }),
    onProgress: ({ done, total }) => onProgress?.({ point, maps, done, total }),
  });
}

/** Checks the maps after the rebuild, since a client that fails to update a map marks it as invalid again. */
async function checkRebuilt(
  cluster: Cluster,
  { place, id, spec }: HeldImage,
  points: readonly Point[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const after = await findImage(cluster, { pool: place.poolName, namespace: place.namespace, id }, signal);
  const { state } = await readObjectMaps(after, signal);
  const left = pointsOf(state).filter((point) => points.includes(point));
  if (left.length === 0) return;
  const shown = left.map((point) => (point === null ? "HEAD" : `the snapshot ${point}`)).join(", ");
  throw new CoppiceError({
    code: "BUSY",
    call: "rebuildObjectMap",
    object: spec,
    message: `the object map of ${spec} was rebuilt, but is ${state.state} again at ${shown}`,
    hint: "A client that has the image open fails to update the map. Rebuild it again after that client has closed the image.",
  });
}

function pointsOf(state: ObjectMapsState): readonly Point[] {
  return "points" in state ? state.points : [];
}
