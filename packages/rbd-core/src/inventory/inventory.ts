import type { Cluster } from "../cluster/index.ts";
import type { CoppiceError } from "../errors/index.ts";
import { showImageSpec } from "../names/index.ts";
import { headerReader, type InventoryMemory } from "./header-reader.ts";
import type { FoundImage, ImageEntry, ImageReader, ParentRef } from "./image-reader.ts";
import { librbdReader } from "./librbd-reader.ts";
import { parentNames } from "./parent-names.ts";
import { addDetails, type RowDetail } from "./row-details.ts";
import {
  compareRows,
  type ImageRow,
  type InventoryRow,
  type ParentLink,
  type UnreadableImageRow,
} from "./rows.ts";
import { type ReadOutcome, readEntries, scanPlaces } from "./scan-places.ts";

/** A pool's default namespace (`""`) or another one, as the scan found it. */
export interface NamespaceScan {
  name: string;
  /** How many rows the inventory has for it, trash included. */
  images: number;
  /** Why its images, or its trash, could not be listed. */
  error: CoppiceError | null;
}

export interface PoolScan {
  /** `null` when a pool was asked for by a name that is not there. */
  id: number | null;
  name: string;
  /** Default namespace first, then by name. */
  namespaces: NamespaceScan[];
  /** Why the pool could not be opened, or its namespaces not be listed. */
  error: CoppiceError | null;
}

/** Everything one scan found. Nothing in it changes afterwards. */
export interface Inventory {
  /** When the scan began: what was made later may be missing. */
  scannedAt: Date;
  pools: PoolScan[];
  /** By pool, namespace and name; trash after the images of its namespace. */
  rows: InventoryRow[];
}

export interface InventoryProgress {
  /** Images read. */
  done: number;
  /** Images found so far. Grows while pools are still being listed. */
  total: number;
}

export interface InventoryOptions {
  /** Names of the pools to read. Default: all. */
  pools?: readonly string[] | undefined;
  /** Stops the scan: nothing more is read, and the promise rejects with the signal's reason. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: InventoryProgress) => void) | undefined;
  /** How many images are read at a time. */
  concurrency?: number | undefined;
  /**
   * What else the rows shall tell. Children and groups cost a few reads in all; watchers cost opening every
   * image. Default: nothing.
   */
  details?: readonly RowDetail[] | undefined;
  /** Of the scans before: only images that changed since are read again. */
  memory?: InventoryMemory | undefined;
}

/**
 * Each is one read of a small object, so that many are needed to keep the OSDs busy. More than this gained nothing
 * where it was measured, and what is in flight lives long enough to burden the garbage collector.
 */
const readAtOnce = 128;

/**
 * Reads every image of the cluster, or of some pools, in all namespaces and the trash. Changes nothing.
 *
 * One image that cannot be read is a row with its error; a pool or namespace that cannot be listed says so in
 * `pools`. Images deleted during the scan are left out.
 *
 * @throws {CoppiceError} only when the cluster itself cannot be asked (`CLOSED`, `TIMED_OUT`, …)
 */
export async function inventory(cluster: Cluster, options: InventoryOptions = {}): Promise<Inventory> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const scannedAt = new Date();
  const reader: ImageReader = headerReader(librbdReader, options.memory);
  const { pools, entries } = await scanPlaces(cluster, options.pools, signal);
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
  options.memory?.endScan();
  const read = outcomes.map((outcome) => ({ outcome, row: toRow(outcome, names) }));
  await addDetails(cluster, read, options.details ?? [], signal);
  const rows = read.map(({ row }) => row).sort(compareRows);
  for (const row of rows) {
    const namespace = pools
      .find((pool) => pool.name === row.pool)
      ?.namespaces.find((each) => each.name === row.namespace);
    if (namespace !== undefined) namespace.images += 1;
  }
  return { scannedAt, pools, rows };
}

/** Finds the names behind a parent's ids. */
type NameParent = (parent: ParentRef) => ParentLink;

export interface RowNames {
  poolName(id: number): string | undefined;
  nameParent: NameParent;
}

/** Makes the row of an image that was read, or not. */
function toRow(outcome: ReadOutcome, names: RowNames): InventoryRow {
  return "error" in outcome
    ? unreadableRow(outcome.entry, outcome.error)
    : imageRow(outcome.entry, outcome.found, names);
}

function common({ place, name, trash }: ImageEntry) {
  const pool = place.poolName;
  const namespace = place.namespace;
  return { pool, namespace, name, spec: showImageSpec({ pool, namespace, image: name }), trash };
}

function unreadableRow(entry: ImageEntry, error: UnreadableImageRow["error"]): UnreadableImageRow {
  return { state: "unreadable", ...common(entry), id: entry.id === "" ? null : entry.id, error };
}

/** Field by field: a copy by spreading costs several times the memory, for each of thousands of images. */
function imageRow({ place, id, name, trash }: ImageEntry, found: FoundImage, names: RowNames): ImageRow {
  const { dataPoolId, parent } = found;
  const { poolName: pool, namespace } = place;
  return {
    state: "ok",
    pool,
    namespace,
    name,
    spec: showImageSpec({ pool, namespace, image: name }),
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
