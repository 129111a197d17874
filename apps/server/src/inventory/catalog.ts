import type { ForestNode } from "rbd-core";
import type { PoolInfo } from "../procedures/cluster/info.schema.ts";
import type { ImageListRow, ScanProblem } from "../procedures/images/list.schema.ts";

/** One image, prepared for lists. */
export interface CatalogRow {
  view: ImageListRow;
  node: ForestNode;
  /** What a search looks through: the spec in lower case. */
  haystack: string;
  /** Place among all rows by name, then spec, then key: a number is quicker to compare than three texts. */
  rank: number;
  /** Milliseconds since 1970; -1 when not known. */
  created: number;
}

/** One look at the cluster, prepared for questions. Never changes: the next look makes a new one. */
export interface Catalog {
  scannedAt: string;
  /** By name. */
  rows: readonly CatalogRow[];
  byKey: ReadonlyMap<string, CatalogRow>;
  /** By name. */
  pools: readonly PoolInfo[];
  problems: readonly ScanProblem[];
  /** Changes when anything shown of the image does. By key. */
  fingerprints: ReadonlyMap<string, string>;
}
