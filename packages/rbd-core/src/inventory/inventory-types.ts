import type { CoppiceError } from "../errors/coppice-error.ts";
import type { InventoryRow } from "./inventory-row.ts";

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
