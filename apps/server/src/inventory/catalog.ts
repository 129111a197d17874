import { type Forest, type ForestNode, type Inventory, prepareSearch, type SearchIndex } from "rbd-core";
import { type RowError, rowError } from "../api/schemas.ts";
import type { PoolInfo } from "../cluster/cluster-info.ts";
import { type ImageListRow, listRow, localName } from "./image-row.ts";

/** What could not be read. `place` is a pool or `pool/namespace`; null when the whole scan failed and the rows are old. */
export interface ScanProblem {
  place: string | null;
  error: RowError;
}

/** One image, prepared for lists. */
export interface CatalogRow {
  view: ImageListRow;
  node: ForestNode;
}

/** One scan of a cluster, prepared for queries. It never changes: the next scan makes a new one. */
export interface Catalog {
  cluster: string;
  scannedAt: string;
  /** The same images as the SDK searches them. */
  search: SearchIndex;
  /** By name. */
  rows: readonly CatalogRow[];
  /** By the key that the SDK gives the image within its cluster. */
  byKey: ReadonlyMap<string, CatalogRow>;
  /** By name. */
  pools: readonly PoolInfo[];
  problems: readonly ScanProblem[];
  /** Changes when anything shown of the image does. By the key of the row. */
  fingerprints: ReadonlyMap<string, string>;
}

/** Prepares one scan of a cluster for queries. Pure. */
export function buildCatalog(cluster: string, inventory: Inventory, forest: Forest): Catalog {
  const search = prepareSearch(forest);
  const rows = search.nodes.map((node): CatalogRow => ({ view: listRow(cluster, node, forest), node }));
  const byKey = new Map<string, CatalogRow>();
  const fingerprints = new Map<string, string>();
  for (const row of rows) {
    byKey.set(row.node.key, row);
    fingerprints.set(row.view.key, fingerprint(row));
  }
  return {
    cluster,
    scannedAt: inventory.scannedAt.toISOString(),
    search,
    rows,
    byKey,
    pools: poolsOf(inventory),
    problems: problemsOf(inventory),
    fingerprints,
  };
}

function poolsOf(inventory: Inventory): PoolInfo[] {
  const counts = new Map<string, number>();
  for (const { pool, trash } of inventory.rows) {
    if (trash === null) counts.set(pool, (counts.get(pool) ?? 0) + 1);
  }
  return inventory.pools.flatMap(({ id, name, namespaces }) => {
    if (id === null) return [];
    const named = namespaces.map((namespace) => namespace.name).filter((namespace) => namespace !== "");
    return [{ id, name, namespaces: named, images: counts.get(name) ?? 0 }];
  });
}

function problemsOf(inventory: Inventory): ScanProblem[] {
  const problems: ScanProblem[] = [];
  for (const pool of inventory.pools) {
    if (pool.error !== null) problems.push({ place: pool.name, error: rowError(pool.error) });
    for (const namespace of pool.namespaces) {
      if (namespace.error === null) continue;
      const place = namespace.name === "" ? pool.name : `${pool.name}/${namespace.name}`;
      problems.push({ place, error: rowError(namespace.error) });
    }
  }
  return problems;
}

/** The image with this key or spec. An image that is not in the trash comes before those in the trash. */
export function findImage(catalog: Catalog, name: string): CatalogRow | null {
  const node = catalog.search.find(localName(catalog.cluster, name));
  return node === null ? null : (catalog.byKey.get(node.key) ?? null);
}

/**
 * A text that changes when anything shown of the image changes, except the time of its last write: for the disk of a
 * running machine that differs in every scan, and telling every tab each time would be useless.
 */
function fingerprint({ view, node }: CatalogRow): string {
  const { row } = node;
  if (row.state === "unreadable") return JSON.stringify([view, row.trash]);
  const { flags, dataPool, parent, trash } = row;
  const snapshots = row.snapshots.map(({ id, name, size, kind, protected: held }) => [
    String(id),
    name,
    size,
    kind,
    held,
  ]);
  const link = parent === null ? null : { ...parent, snapshotId: String(parent.snapshotId) };
  return JSON.stringify([view, String(flags), dataPool, snapshots, link, trash, node.parentKey]);
}

/** Keys that appeared, disappeared, or whose fingerprint changed. */
export function changedKeys(
  before: ReadonlyMap<string, string>,
  after: ReadonlyMap<string, string>,
): string[] {
  const changed = [...after].filter(([key, print]) => before.get(key) !== print).map(([key]) => key);
  for (const key of before.keys()) if (!after.has(key)) changed.push(key);
  return changed;
}
