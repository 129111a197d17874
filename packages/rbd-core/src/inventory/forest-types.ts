import type { InventoryRow } from "./inventory-row.ts";

/**
 * What the forest points out on an image:
 * - `deep`: its depth is at or over the limit.
 * - `flatten-candidate`: flattening this image pays most: it is the first deep one on its line (all under it
 *   get shallower too), or what it hangs on is in the trash and is kept only for its clones.
 * - `orphan`: its parent should be in a place that was read, and is not there.
 * - `parent-in-trash`: its parent is in the trash, or its parent's snapshot is.
 */
export type ForestMark = "deep" | "flatten-candidate" | "orphan" | "parent-in-trash";

/**
 * - `none`: not a clone.
 * - `present`: the parent is a node of this forest.
 * - `missing`: the place where it should be was read without it.
 * - `not-scanned`: the parent is in a pool or namespace that was not, or could not be, read.
 */
export type ParentState = "none" | "present" | "missing" | "not-scanned";

export interface ForestNode {
  /** `pool/namespace/id`, unique and stable over renames. */
  key: string;
  row: InventoryRow;
  parentState: ParentState;
  parentKey: string | null;
  /** The parent's snapshot this image was cloned from. `null` when not a clone. */
  parentSnapshot: string | null;
  /** 0 for an image that is not a clone. At least this much when an ancestor is not in the forest. */
  depth: number;
  /** Sorted by pool, namespace and name. */
  childKeys: readonly string[];
  /** Number of all images below. */
  descendants: number;
  marks: readonly ForestMark[];
}

export interface Forest {
  nodes: ReadonlyMap<string, ForestNode>;
  /** Keys of the nodes without a parent in the forest, sorted by pool, namespace and name. */
  roots: readonly string[];
}

export interface ForestOptions {
  /** The depth from which an image counts as deep. Default 4, ceph-csi's soft limit. */
  deepFrom?: number;
}
