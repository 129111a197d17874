import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { findImage, type HeldImage, type ImageById } from "../inventory/index.ts";
import type { ImageSpecLike } from "../names/index.ts";
import { readObjectMaps } from "./read-object-maps.ts";
import type { ObjectMapsState } from "./snapshot-chain.ts";

export interface RebuildProgress {
  /** Name of the snapshot whose map is being rebuilt; `null`: HEAD's. */
  point: string | null;
  /** Maps rebuilt before this one, and to rebuild in all. */
  maps: { done: number; total: number };
  /** Objects of this point looked at, and to look at. */
  done: number;
  total: number;
}

export interface RebuildObjectMapOptions {
  /** Stops at the next object. Maps that are done stay so; the one under way stays marked as invalid. */
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
 * Rebuilds the object maps of an image that cannot be trusted, of snapshots and of HEAD: those that Ceph has marked
 * as invalid, and those that are missing or damaged. Maps that can be trusted are left alone, so that a rebuild that
 * was interrupted goes on where it stopped; after the death of its process as soon as Ceph has given that client up,
 * which takes it half a minute. (`rbd_rebuild_object_map`)
 *
 * The image may be in use, also by a client that does not let go of its lock: that one then rebuilds HEAD's map. What
 * is written meanwhile is the reason why librbd leaves at HEAD an object that is not there in the map when the map said
 * it is: after damage, estimates may stay too high, never too low.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for an image without object map and fast-diff, or of format 1;
 * `BUSY` when a map could not be trusted again right after it was rebuilt; `CANCELED` or the signal's reason
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
      const points = await distrusted(held, signal);
      if (points.length === 0) return { spec, rebuilt: [] };
      {
        await using opened = await held.place.ioCtx.openImage({ id: held.id }, { signal });
        for (const [at, point] of points.entries()) {
          await rebuildAt(opened, held, point, { done: at, total: points.length }, options);
        }
      }
      await confirm(cluster, held, points, signal);
      return { spec, rebuilt: points };
    },
  );
}

type Point = string | null;

/** Oldest first, HEAD last. @throws {CoppiceError} `UNSUPPORTED` */
async function distrusted(held: HeldImage, signal: AbortSignal | undefined): Promise<Point[]> {
  const { state, maps } = await readObjectMaps(held, signal);
  if (state.state === "absent") {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "rebuildObjectMap",
      object: held.spec,
      message: `${held.spec} has no object map with fast-diff that could be rebuilt`,
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

/** A client that fails to update a map marks it again: what Ceph holds afterwards counts. */
async function confirm(
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
    message: `the object map of ${spec} was rebuilt, and is ${state.state} again at ${shown}`,
    hint: "A client that has the image open cannot keep its map. Rebuild it again when that client has closed it.",
  });
}

function pointsOf(state: ObjectMapsState): readonly Point[] {
  return "points" in state ? state.points : [];
}
