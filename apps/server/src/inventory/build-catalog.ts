import { type Forest, type Inventory, prepareSearch } from "rbd-core";
import { rowError } from "../errors/row-error.ts";
import type { PoolInfo } from "../procedures/cluster/info.schema.ts";
import type { ScanProblem } from "../procedures/images/list.schema.ts";
import type { Catalog, CatalogRow } from "./catalog.ts";
import { fingerprint } from "./fingerprint.ts";
import { listRow } from "./list-row.ts";

/** Prepares one look at the cluster for questions. Pure. */
export function buildCatalog(inventory: Inventory, forest: Forest): Catalog {
  const search = prepareSearch(forest);
  const rows = search.nodes.map((node): CatalogRow => ({ view: listRow(node, forest), node }));
  const byKey = new Map<string, CatalogRow>();
  const fingerprints = new Map<string, string>();
  for (const row of rows) {
    byKey.set(row.view.key, row);
    fingerprints.set(row.view.key, fingerprint(row));
  }
  return {
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
