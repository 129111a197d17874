import type { Cluster } from "../cluster/cluster.ts";
import { addDetails, type RowDetail } from "../headers/details/add-details.ts";
import { headerReader } from "../headers/header-reader.ts";
import type { InventoryMemory } from "../headers/inventory-memory.ts";
import { compareRows } from "./compare-rows.ts";
import type { ImageReader } from "./image-reader.ts";
import type { Inventory, InventoryProgress } from "./inventory-types.ts";
import { librbdReader } from "./librbd-reader.ts";
import { parentNames } from "./parent-names.ts";
import { readEntries } from "./read-entries.ts";
import { scanPlaces } from "./scan-places.ts";
import { toRow } from "./to-rows.ts";

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
