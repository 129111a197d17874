import type { Cluster, PoolName } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, toCoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { compareText, showImageSpec } from "../names/index.ts";
import type { FoundImage, ImageEntry, ImageReader, Place } from "./image-reader.ts";
import type { NamespaceScan, PoolScan } from "./inventory.ts";

/**
 * The images of a pool's namespace and what is in its trash. An image that is moved to the trash while this
 * looks is found there, and only there.
 *
 * @throws {CoppiceError} when either cannot be listed
 */
export async function listPlace(place: Place): Promise<ImageEntry[]> {
  const object = place.namespace === "" ? place.poolName : `${place.poolName}/${place.namespace}`;
  const images = await withCoppiceErrors(
    { object, what: `the images of ${object} could not be listed` },
    () => place.ioCtx.listImages(),
  );
  const trash = await withCoppiceErrors({ object, what: `the trash of ${object} could not be listed` }, () =>
    place.ioCtx.listTrash(),
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

interface PlacesScan {
  pools: PoolScan[];
  entries: ImageEntry[];
}

/** How many pools, and namespaces of one pool, are listed at a time. */
const listingsAtOnce = 8;

/** Lists every image of the wanted pools. What cannot be listed is said where it belongs. */
export async function scanPlaces(
  cluster: Cluster,
  wanted: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<PlacesScan> {
  const there = await cluster.listPools();
  const scans: OnePool[] = [...new Set(wanted)]
    .filter((name) => !there.some((pool) => pool.name === name))
    .map(noPool);
  await forEachLimit(
    there.filter(({ name }) => wanted === undefined || wanted.includes(name)),
    listingsAtOnce,
    async (pool) => {
      scans.push(await scanPool(cluster, pool, signal));
    },
    signal,
  );
  scans.sort((a, b) => compareText(a.pool.name, b.pool.name));
  return { pools: scans.map(({ pool }) => pool), entries: scans.flatMap(({ entries }) => entries) };
}

interface OnePool {
  pool: PoolScan;
  entries: ImageEntry[];
}

async function scanPool(cluster: Cluster, pool: PoolName, signal: AbortSignal | undefined): Promise<OnePool> {
  const scan: PoolScan = { ...pool, namespaces: [], error: null };
  const entries: ImageEntry[] = [];
  let names: string[] = [];
  try {
    names = await cluster.listNamespaces(pool.name);
  } catch (error) {
    scan.error = asPlaceError(error);
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
        for (const entry of await listPlace(place)) entries.push(entry);
      } catch (error) {
        namespace.error = asPlaceError(error);
      }
    },
    signal,
  );
  scan.namespaces.sort((a, b) => compareText(a.name, b.name));
  return { pool: scan, entries };
}

/** A refusal belongs to its place; a connection that is gone, or a mistake of ours, ends the whole scan. */
function asPlaceError(error: unknown): CoppiceError {
  if (error instanceof CoppiceError && !endsScan(error)) return error;
  throw error;
}

/** Whether nothing else can succeed after this error either. */
export function endsScan(error: CoppiceError): boolean {
  return error.code === "CLOSED" || error.code === "SHUTDOWN" || error.code === "BLOCKLISTED";
}

function noPool(name: string): OnePool {
  const error = new CoppiceError({
    code: "NOT_FOUND",
    call: "inventory",
    object: name,
    message: `there is no pool ${JSON.stringify(name)}`,
    hint: "Check the name, or leave the pools out to read all of them.",
  });
  return { pool: { id: null, name, namespaces: [], error }, entries: [] };
}

export type ReadOutcome =
  | { entry: ImageEntry; found: FoundImage }
  | { entry: ImageEntry; error: CoppiceError };

interface ReadOptions {
  reader: ImageReader;
  concurrency: number;
  signal: AbortSignal | undefined;
  /** After each image. */
  onRead: () => void;
}

/**
 * Reads every entry. One that cannot be read is an outcome with its error; one that is no longer listed
 * anywhere was deleted meanwhile, and is left out.
 */
export async function readEntries(
  entries: readonly ImageEntry[],
  options: ReadOptions,
): Promise<ReadOutcome[]> {
  const outcomes: ReadOutcome[] = [];
  const missing: { entry: ImageEntry; error: CoppiceError }[] = [];
  await forEachLimit(
    entries,
    options.concurrency,
    async (entry) => {
      const outcome = await readEntry(entry, options);
      if ("error" in outcome && hasCode(outcome.error, "NOT_FOUND")) missing.push(outcome);
      else outcomes.push(outcome);
      options.onRead();
    },
    options.signal,
  );
  if (missing.length === 0) return outcomes;

  // Not found can mean deleted, moved to or from the trash, or broken. The directories tell.
  const now = await entriesNow(new Set(missing.map(({ entry }) => entry.place)));
  for (const { entry, error } of missing) {
    const listed = now.get(entry.place)?.find((other) => other.id === entry.id && sameName(other, entry));
    if (listed === undefined) continue;
    const moved = (listed.trash === null) !== (entry.trash === null);
    outcomes.push(
      moved ? await readEntry(listed, options) : { entry: listed, error: headerMissing(listed, error) },
    );
  }
  return outcomes;
}

/** What librbd calls "no such image" is, for one that is still listed, an image without its header. */
function headerMissing({ place, name, id }: ImageEntry, cause: CoppiceError): CoppiceError {
  const object = showImageSpec({ pool: place.poolName, namespace: place.namespace, image: name });
  const header = id === "" ? `${name}.rbd` : `rbd_header.${id}`;
  return new CoppiceError({
    code: "NOT_FOUND",
    call: cause.call,
    errno: cause.errno,
    object,
    message: `${object} is listed, but its header ${header} is missing`,
    hint: "The image is damaged, and its data may still be there. Restore it from a backup, or have the header recovered, before removing anything.",
    cause,
  });
}

/** An image with an id is that id, whatever its name has become. */
function sameName(a: ImageEntry, b: ImageEntry): boolean {
  return a.id !== "" || a.name === b.name;
}

async function readEntry(entry: ImageEntry, options: ReadOptions): Promise<ReadOutcome> {
  try {
    return { entry, found: await options.reader.read(entry, options.signal) };
  } catch (thrown) {
    options.signal?.throwIfAborted();
    return { entry, error: asRowError(entry, thrown) };
  }
}

async function entriesNow(places: ReadonlySet<Place>): Promise<Map<Place, ImageEntry[]>> {
  const listings = [...places].map(async (place) => [place, await listPlace(place)] as const);
  return new Map(await Promise.all(listings));
}

function asRowError(entry: ImageEntry, thrown: unknown): CoppiceError {
  const { place, name } = entry;
  const object = showImageSpec({ pool: place.poolName, namespace: place.namespace, image: name });
  const error = toCoppiceError(thrown, { object, what: `${object} could not be read` });
  if (!(error instanceof CoppiceError)) {
    return new CoppiceError({
      code: "IO",
      call: "inventory",
      object,
      message: `${object} could not be read: ${error instanceof Error ? error.message : String(error)}`,
      cause: error,
    });
  }
  if (endsScan(error)) throw error;
  return error;
}
