import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow, forEachLimit } from "../../concurrency/index.ts";
import { CoppiceError, toCoppiceError } from "../../errors/index.ts";
import {
  type ChildImage,
  DecodeError,
  decodeImageHeader,
  headerObject,
  type ImageHeader,
  readCloneV1Children,
  readOmap,
} from "../../headers/index.ts";
import { imageFeatures } from "../../image/index.ts";
import { type HeldImage, type Place, type PlaceNames, readPlaceNames } from "../../inventory/index.ts";
import { compareText, showImageSpec } from "../../names/index.ts";

/** An image by its id. Pool, namespace and id identify it; the name is for messages and for calls that need it. */
export interface ImageRef {
  pool: string;
  namespace: string;
  id: string;
  name: string;
}

/** `pool/[namespace/]image` */
export function showImage({ pool, namespace, name }: ImageRef): string {
  return showImageSpec({ pool, namespace, image: name });
}

/** A clone of a snapshot. */
export interface ChildFacts {
  image: ImageRef;
  inTrash: boolean;
  /** Clones of format 1 need a protected snapshot; one with clones of format 2 can be moved to the image's own trash. */
  cloneFormat: 1 | 2;
  /** Bytes of the clone that still overlap the parent: what flattening copies at the most. */
  overlap: number;
  /** Snapshots of the clone that overlap the parent too. */
  snapshotsOverParent: string[];
  /** Whether flattening detaches those snapshots as well. */
  deepFlatten: boolean;
  /** Why the clone could not be read, if it could not. */
  unreadable: string | null;
}

/** A pool that may hold clones of format 1 of a protected snapshot, and could not be searched for them. */
export interface UnsearchedPool {
  pool: string;
  reason: string;
}

/** How many clones, and pools, are read at a time. */
const readsAtOnce = 64;

interface GatheredChildren {
  /** By the id of the snapshot that is their parent. */
  children: Map<bigint, ChildFacts[]>;
  unasked: UnsearchedPool[];
}

/**
 * Finds the clones of every snapshot of an image, in all pools and in the trash. Clones of format 2 are listed in the
 * image's own header. Those of format 1 are listed in the pool that holds them, and only protected snapshots have any.
 */
export async function gatherChildren(
  cluster: Cluster,
  image: HeldImage,
  signal: AbortSignal | undefined,
): Promise<GatheredChildren> {
  const isProtected = image.header.snapshots.some(({ protection }) => protection !== "unprotected");
  if (!isProtected && image.header.children.size === 0) return { children: new Map(), unasked: [] };
  const pools = await cluster.listPools();
  const poolNames = new Map(pools.map(({ id, name }) => [id, name]));
  const found: { snapshotId: bigint; child: ChildImage; cloneFormat: 1 | 2 }[] = [];
  for (const [snapshotId, children] of image.header.children) {
    for (const child of children) found.push({ snapshotId, child, cloneFormat: 2 });
  }
  const unasked: GatheredChildren["unasked"] = [];
  if (isProtected) {
    await forEachLimit(
      pools,
      readsAtOnce,
      async ({ id: poolId, name }) => {
        const outcome = await orReason(() => clonesOfFormat1(cluster, name, image, signal));
        if (typeof outcome === "string") unasked.push({ pool: name, reason: outcome });
        else {
          for (const { snapshotId, imageId } of outcome) {
            const child = { poolId, namespace: image.place.namespace, imageId };
            found.push({ snapshotId, child, cloneFormat: 1 });
          }
        }
      },
      signal,
    );
  }

  const places = new Map<string, Promise<{ place: Place; names: PlaceNames }>>();
  const openPlace = ({ poolId, namespace }: ChildImage) => {
    const key = `${poolId}/${namespace}`;
    const known = places.get(key) ?? readPlace(cluster, poolNames.get(poolId), namespace, signal);
    places.set(key, known);
    return known;
  };
  const children = new Map<bigint, ChildFacts[]>();
  await forEachLimit(
    found,
    readsAtOnce,
    async ({ snapshotId, child, cloneFormat }) => {
      const facts = await childFacts(child, cloneFormat, poolNames, openPlace, signal);
      children.set(snapshotId, [...(children.get(snapshotId) ?? []), facts]);
    },
    signal,
  );
  for (const each of children.values()) each.sort(compareChildren);
  unasked.sort((a, b) => compareText(a.pool, b.pool));
  return { children, unasked };
}

async function clonesOfFormat1(
  cluster: Cluster,
  pool: string,
  image: HeldImage,
  signal: AbortSignal | undefined,
) {
  const { namespace, poolId } = image.place;
  const ioCtx = await cluster.pool(pool, namespace);
  const parents = image.header.snapshots.filter(({ protection }) => protection !== "unprotected");
  const clones = parents.map(async ({ id: snapshotId }) => {
    const ids = await readCloneV1Children(ioCtx, { poolId, imageId: image.id, snapshotId }, signal);
    return ids.map((imageId) => ({ snapshotId, imageId }));
  });
  return (await allSettledOrThrow(clones)).flat();
}

async function readPlace(
  cluster: Cluster,
  pool: string | undefined,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<{ place: Place; names: PlaceNames }> {
  if (pool === undefined) throw new DecodeError("the clone", 0, "its pool does not exist");
  const ioCtx = await cluster.pool(pool, namespace);
  const place = { poolId: ioCtx.poolId, poolName: pool, namespace, ioCtx };
  return { place, names: await readPlaceNames(place, signal) };
}

async function childFacts(
  child: ChildImage,
  cloneFormat: 1 | 2,
  poolNames: ReadonlyMap<number, string>,
  openPlace: (child: ChildImage) => Promise<{ place: Place; names: PlaceNames }>,
  signal: AbortSignal | undefined,
): Promise<ChildFacts> {
  const { imageId: id, namespace } = child;
  const pool = poolNames.get(child.poolId) ?? `#${child.poolId}`;
  const unknown = { pool, namespace, id, name: id };
  const place = await orReason(() => openPlace(child));
  if (typeof place === "string") return unreadable(unknown, cloneFormat, false, place);
  const { images, trash } = place.names;
  const inTrash = trash.has(id);
  const image = { ...unknown, name: trash.get(id)?.name ?? images.get(id) ?? id };
  const header = await orReason(async () =>
    decodeImageHeader(await readOmap(place.place.ioCtx, headerObject(id), signal)),
  );
  if (typeof header === "string") return unreadable(image, cloneFormat, inTrash, header);
  const overlap = header.parent?.headOverlap ?? null;
  return {
    image,
    inTrash,
    cloneFormat,
    overlap: overlap ?? 0,
    snapshotsOverParent: snapshotsOverParent(header),
    // Flattening starts from the current state: when only snapshots overlap the parent, it does not detach them.
    deepFlatten: overlap !== null && (header.features & imageFeatures["deep-flatten"]) !== 0n,
    unreadable: null,
  };
}

function snapshotsOverParent({ snapshots }: ImageHeader): string[] {
  return snapshots.filter(({ parentOverlap }) => (parentOverlap ?? 0) > 0).map(({ name }) => name);
}

function unreadable(
  image: ChildFacts["image"],
  cloneFormat: 1 | 2,
  inTrash: boolean,
  reason: string,
): ChildFacts {
  return {
    image,
    inTrash,
    cloneFormat,
    overlap: 0,
    snapshotsOverParent: [],
    deepFlatten: false,
    unreadable: reason,
  };
}

/** An error about one clone, or one pool, becomes a fact: the reason why it could not be read. */
async function orReason<T extends object>(action: () => Promise<T>): Promise<T | string> {
  try {
    return await action();
  } catch (thrown) {
    const error = toCoppiceError(thrown);
    if (error instanceof DecodeError || error instanceof CoppiceError) return error.message;
    throw error;
  }
}

function compareChildren({ image: a }: ChildFacts, { image: b }: ChildFacts): number {
  return (
    compareText(a.pool, b.pool) ||
    compareText(a.namespace, b.namespace) ||
    compareText(a.name, b.name) ||
    compareText(a.id, b.id)
  );
}
