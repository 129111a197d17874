import type { Cluster } from "../cluster/index.ts";
import type { CoppiceError } from "../errors/index.ts";
import { headerReader } from "./header-reader.ts";
import { type FoundImage, librbdReader } from "./image-reader.ts";
import type { InventoryMemory } from "./inventory-memory.ts";
import { type ImageEntry, listImages, specIn } from "./list-images.ts";
import { parentNames, type RowNames } from "./parent-names.ts";
import { type ReadOutcome, readEntries } from "./read-images.ts";
import { addDetails, type RowDetail } from "./row-details.ts";
import {
  compareRows,
  type ImageRow,
  type Inventory,
  type InventoryRow,
  type UnreadableImageRow,
} from "./rows.ts";

export interface InventoryProgress {
  /** The number of images that were read. */
  done: number;
  /** The number of images that were listed. */
  total: number;
}

export interface InventoryOptions {
  /** Names of the pools to read. Default: all. */
  pools?: readonly string[] | undefined;
  /** Stops the inventory: no further image is read, and the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: InventoryProgress) => void) | undefined;
  /** How many images are read at a time. Default 128. */
  concurrency?: number | undefined;
  /**
   * Which optional fields the rows have. Children and groups cost a few reads in total; watchers cost opening every image.
   * Default: none.
   */
  details?: readonly RowDetail[] | undefined;
  /** Makes a refresh read only the images that changed since the last inventory with the same memory. */
  memory?: InventoryMemory | undefined;
}

/**
 * Each image is one read of a small object, so that many are needed to keep the OSDs busy. Measurements showed no gain
 * from more, and requests in flight are a burden for the garbage collector.
 */
const readAtOnce = 128;

/**
 * Reads all images of the cluster, or of some pools, in all namespaces and the trash. Read-only.
 *
 * ```ts
 * const memory = new InventoryMemory();
 * const { rows } = await inventory(cluster, { pools: ["rbd"], memory });
 * // Later: reads only the images that changed.
 * const refreshed = await inventory(cluster, { pools: ["rbd"], memory });
 * ```
 *
 * An image that cannot be read has a row with its error; a pool or namespace that cannot be listed has its error in
 * `pools`. Images that are deleted during the inventory are left out.
 *
 * @throws {CoppiceError} only when the cluster itself cannot be asked (`CLOSED`, `TIMED_OUT`, …)
 * @throws the signal's reason
 */
export async function inventory(cluster: Cluster, options: InventoryOptions = {}): Promise<Inventory> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const scannedAt = new Date();
  const memory = options.memory?.beginScan(cluster.fsid);
  const reader = headerReader(librbdReader, memory);
  const { pools, entries } = await listImages(cluster, options.pools, signal);
  const total = entries.length;
  let done = 0;
  onProgress?.({ done, total });
  const outcomes = await readEntries(entries, {
    reader,
    concurrency: options.concurrency ?? readAtOnce,
    signal,
    onRead: () => {
      done += 1;
      onProgress?.({ done, total });
    },
  });

  const names = await parentNames(cluster, outcomes, reader, signal);
  memory?.end(pools, options.pools === undefined);
  const read = outcomes.map((outcome) => ({ outcome, row: toRow(outcome, names) }));
  await addDetails(cluster, read, options.details ?? [], names.poolName, signal);
  const rows = read.map(({ row }) => row).sort(compareRows);
  for (const row of rows) {
    const namespace = pools
      .find((pool) => pool.name === row.pool)
      ?.namespaces.find((each) => each.name === row.namespace);
    if (namespace !== undefined) namespace.images += 1;
  }
  return { scannedAt, pools, rows };
}

/** The row of an image, whether it could be read or not. */
function toRow(outcome: ReadOutcome, names: RowNames): InventoryRow {
  return "error" in outcome
    ? unreadableRow(outcome.entry, outcome.error)
    : imageRow(outcome.entry, outcome.found, names);
}

function unreadableRow(
  { place, id, name, trash, operation }: ImageEntry,
  error: CoppiceError,
): UnreadableImageRow {
  const { poolName: pool, namespace } = place;
  return {
    state: "unreadable",
    pool,
    namespace,
    name,
    spec: specIn(place, name),
    operation: operation ?? null,
    trash,
    id: id === "" ? null : id,
    error,
  };
}

/** Copies field by field, since an object that is made by spreading takes several times the memory. */
function imageRow(
  { place, id, name, trash, operation }: ImageEntry,
  found: FoundImage,
  names: RowNames,
): ImageRow {
  const { dataPoolId, parent } = found;
  const { poolName: pool, namespace } = place;
  return {
    state: "ok",
    pool,
    namespace,
    name,
    spec: specIn(place, name),
    operation: operation ?? null,
    trash,
    id,
    format: found.format,
    size: found.size,
    objectSize: found.objectSize,
    features: found.features,
    flags: found.flags,
    dataPool: dataPoolId === null ? null : (names.poolName(dataPoolId) ?? `#${dataPoolId}`),
    stripeUnit: found.stripeUnit,
    stripeCount: found.stripeCount,
    createdAt: found.createdAt,
    modifiedAt: found.modifiedAt,
    snapshots: found.snapshots,
    parent: parent === null || "poolName" in parent ? parent : names.nameParent(parent),
    readThrough: found.readThrough,
    readNote: found.readNote,
  };
}
