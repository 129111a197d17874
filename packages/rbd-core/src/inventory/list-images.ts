import type { IoCtx } from "rbd-native";
import type { Cluster, PoolName } from "../cluster/index.ts";
import { allSettledOrThrow, forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, toCoppiceError, withCoppiceErrors } from "../errors/index.ts";
import {
  DecodeError,
  decodeDirectoryEntry,
  decodeTrashEntry,
  directoryObject,
  readOmapOrNone,
  type TrashHeader,
  trashObject,
} from "../headers/index.ts";
import { compareText, showImageSpec } from "../names/index.ts";
import { readOperations, toInfo } from "../operation/index.ts";
import type { NamespaceScan, OperationMark, PoolScan, TrashEntry } from "./rows.ts";

/** An open namespace of a pool. */
export interface Place {
  poolId: number;
  poolName: string;
  /** `""` is the default namespace. */
  namespace: string;
  ioCtx: IoCtx;
}

/** An image as its directory lists it, before its header is read. */
export interface ImageEntry {
  place: Place;
  /** `""` for an image of format 1. */
  id: string;
  name: string;
  trash: TrashEntry | null;
  /** Left out where operations are not read, or none is recorded. */
  operation?: OperationMark;
}

/** `pool/[namespace/]name` */
export function specIn({ poolName, namespace }: Place, name: string): string {
  return showImageSpec({ pool: poolName, namespace, image: name });
}

interface ListedImages {
  pools: PoolScan[];
  entries: ImageEntry[];
}

/** How many pools, and how many namespaces of a pool, are listed at a time. */
const listingsAtOnce = 8;

/**
 * Lists all images of the wanted pools (default: all pools), in all namespaces and the trash. A pool or namespace that
 * cannot be listed has its error in `pools`.
 *
 * @throws {CoppiceError} only when the cluster itself cannot be asked
 */
export async function listImages(
  cluster: Cluster,
  wanted: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<ListedImages> {
  const existing = await cluster.listPools({ signal });
  const pools: PoolScan[] = [...new Set(wanted)]
    .filter((name) => !existing.some((pool) => pool.name === name))
    .map(missingPool);
  const entries: ImageEntry[] = [];
  await forEachLimit(
    existing.filter(({ name }) => wanted === undefined || wanted.includes(name)),
    listingsAtOnce,
    async (pool) => {
      pools.push(await listPool(cluster, pool, entries, signal));
    },
    signal,
  );
  pools.sort((a, b) => compareText(a.name, b.name));
  return { pools, entries };
}

function missingPool(name: string): PoolScan {
  const error = new CoppiceError({
    code: "NOT_FOUND",
    call: "inventory",
    object: name,
    message: `the pool ${JSON.stringify(name)} does not exist`,
    hint: "Check the name, or leave out the pools to read all of them.",
  });
  return { id: null, name, namespaces: [], error };
}

/** Adds the images of a pool to `entries`. */
async function listPool(
  cluster: Cluster,
  pool: PoolName,
  entries: ImageEntry[],
  signal: AbortSignal | undefined,
): Promise<PoolScan> {
  const scan: PoolScan = { ...pool, namespaces: [], error: null };
  let names: string[] = [];
  try {
    names = await cluster.listNamespaces(pool.name, { signal });
  } catch (error) {
    signal?.throwIfAborted();
    scan.error = errorOfPlace(error);
  }
  await forEachLimit(
    ["", ...names],
    listingsAtOnce,
    async (name) => {
      const namespace: NamespaceScan = { name, images: 0, error: null };
      scan.namespaces.push(namespace);
      try {
        const ioCtx = await cluster.pool(pool.name, name);
        const place = { poolId: pool.id, poolName: pool.name, namespace: name, ioCtx };
        const [listed, marks] = await allSettledOrThrow([listPlace(place, signal), readMarks(place, signal)]);
        for (const entry of listed) {
          const operation = entry.trash === null ? marks.get(entry.name) : undefined;
          entries.push(operation === undefined ? entry : { ...entry, operation });
        }
      } catch (error) {
        signal?.throwIfAborted();
        namespace.error = errorOfPlace(error);
      }
    },
    signal,
  );
  scan.namespaces.sort((a, b) => compareText(a.name, b.name));
  return scan;
}

/** The operations of a namespace by the names of their images; what makes an image goes before what is done to it. */
async function readMarks(
  place: Place,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<string, OperationMark>> {
  const { poolName: pool, namespace, ioCtx } = place;
  const object = namespace === "" ? pool : `${pool}/${namespace}`;
  const recorded = await withCoppiceErrors(
    { object, what: `the operations of ${object} could not be listed` },
    () => readOperations(ioCtx, { signal }),
  );
  const marks = new Map<string, OperationMark>();
  for (const each of recorded) {
    const { id, kind, purpose, state, image } = toInfo({ pool, namespace }, each);
    if (purpose === "make" || !marks.has(image.image)) marks.set(image.image, { id, kind, purpose, state });
  }
  return marks;
}

/** An error of Ceph belongs to its pool or namespace. A lost connection, or an error in the program, ends the scan. */
function errorOfPlace(error: unknown): CoppiceError {
  if (error instanceof CoppiceError && !endsScan(error)) return error;
  throw error;
}

/**
 * Lists the images of a namespace and those in its trash. The trash is listed last, so that an image that is moved there
 * meanwhile is found; it is then listed in the trash only.
 *
 * @throws {CoppiceError} when the images or the trash cannot be listed
 */
export async function listPlace(place: Place, signal?: AbortSignal): Promise<ImageEntry[]> {
  const object = place.namespace === "" ? place.poolName : `${place.poolName}/${place.namespace}`;
  const images = await withCoppiceErrors(
    { object, what: `the images of ${object} could not be listed` },
    () => place.ioCtx.listImages({ signal }),
  );
  const trash = await withCoppiceErrors({ object, what: `the trash of ${object} could not be listed` }, () =>
    place.ioCtx.listTrash({ signal }),
  );
  const inTrash = new Set(trash.map((entry) => entry.id));
  return [
    ...images
      .filter((image) => image.id === "" || !inTrash.has(image.id))
      .map(({ id, name }) => ({ place, id, name, trash: null })),
    ...trash.map(({ id, name, source, deletedAt, deferredUntil }) => ({
      place,
      id,
      name,
      trash: { name, deletedAt, deferredUntil, source },
    })),
  ];
}

/** The images of a namespace, by id. */
export interface PlaceNames {
  images: ReadonlyMap<string, string>;
  trash: ReadonlyMap<string, TrashHeader>;
}

/**
 * Reads the names of the images of a namespace and of those in its trash. The trash is read last, so that an image that
 * is moved there meanwhile is found.
 *
 * @throws {RbdError}
 * @throws {DecodeError}
 */
export async function readPlaceNames(place: Place, signal: AbortSignal | undefined): Promise<PlaceNames> {
  const images = new Map<string, string>();
  for (const [key, value] of await readOmapOrNone(place.ioCtx, directoryObject, signal)) {
    const entry = decodeDirectoryEntry(key, value);
    if (entry !== null) images.set(entry.id, entry.name);
  }
  const trash = new Map<string, TrashHeader>();
  for (const [key, value] of await readOmapOrNone(place.ioCtx, trashObject, signal)) {
    const entry = decodeTrashEntry(key, value);
    if (entry !== null) trash.set(entry.imageId, entry);
  }
  return { images, trash };
}

/** Whether no other call can succeed after this error: the connection is closed or blocklisted. */
export function endsScan(error: CoppiceError): boolean {
  return error.code === "CLOSED" || error.code === "SHUTDOWN" || error.code === "BLOCKLISTED";
}

/**
 * Runs `action`; `null` when Ceph refuses it, or when the answer cannot be decoded. Errors that {@link endsScan} are
 * thrown.
 */
export async function ignoreRefusal<T>(action: () => Promise<T>): Promise<T | null> {
  try {
    return await action();
  } catch (thrown) {
    const error = toCoppiceError(thrown);
    if (error instanceof DecodeError || (error instanceof CoppiceError && !endsScan(error))) return null;
    throw error;
  }
}
