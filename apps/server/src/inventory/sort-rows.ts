import type { ImageListInput } from "../procedures/images/list.schema.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";

type Sort = ImageListInput["sort"];

const VALUES: Record<Sort["by"], (row: CatalogRow) => number> = {
  name: () => 0,
  size: (row) => row.view.size,
  snapshots: (row) => row.view.snapshotCount,
  children: (row) => row.view.childCount,
  depth: (row) => row.view.depth,
  created: (row) => row.created,
};

/** What a row is sorted by before its name. */
export function sortValue(row: CatalogRow, by: Sort["by"]): number {
  return VALUES[by](row);
}

/** Each order is worked out once per look at the cluster, when first asked for. */
const orders = new WeakMap<Catalog, Map<string, readonly CatalogRow[]>>();

/** All rows in the order asked for; equal ones by name, in the same direction. */
export function sortedRows(catalog: Catalog, { by, dir }: Sort): readonly CatalogRow[] {
  const known = orders.get(catalog) ?? new Map<string, readonly CatalogRow[]>();
  orders.set(catalog, known);
  const name = `${by} ${dir}`;
  const kept = known.get(name);
  if (kept !== undefined) return kept;
  const value = VALUES[by];
  const ascending = [...catalog.rows].sort((a, b) => value(a) - value(b) || a.rank - b.rank);
  const rows = dir === "asc" ? ascending : ascending.reverse();
  known.set(name, rows);
  return rows;
}
