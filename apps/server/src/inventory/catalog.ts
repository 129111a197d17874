import type { ForestNode, SearchIndex } from "rbd-core";
import type { PoolInfo } from "../procedures/cluster/info.schema.ts";
import type { ImageListRow, ScanProblem } from "../procedures/images/list.schema.ts";

/** One image, prepared for lists. */
export interface CatalogRow {
  view: ImageListRow;
  node: ForestNode;
}

/** One look at the cluster, prepared for questions. Never changes: the next look makes a new one. */
export interface Catalog {
  scannedAt: string;
  /** The same images as the SDK searches them. */
  search: SearchIndex;
  /** By name. */
  rows: readonly CatalogRow[];
  byKey: ReadonlyMap<string, CatalogRow>;
  /** By name. */
  pools: readonly PoolInfo[];
  problems: readonly ScanProblem[];
  /** Changes when anything shown of the image does. By key. */
  fingerprints: ReadonlyMap<string, string>;
}
