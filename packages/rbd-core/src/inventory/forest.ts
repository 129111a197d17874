import { compareRows } from "./compare-rows.ts";
import { depths } from "./forest-depths.ts";
import { forestMarks } from "./forest-marks.ts";
import type { Forest, ForestNode, ForestOptions, ParentState } from "./forest-types.ts";
import { imageKey } from "./image-key.ts";
import type { InventoryRow, ParentLink } from "./inventory-row.ts";
import type { Inventory } from "./inventory-types.ts";

/** ceph-csi starts to flatten at this depth. */
const defaultDeepFrom = 4;

/**
 * Draws the family of every image out of an inventory: who was cloned from whom, across pools, namespaces and
 * the trash. Pure, and linear in the number of images but for the sorting.
 *
 * Never throws: a parent that is not there, or links that run in a circle (which only damaged headers can
 * have), become `orphan` marks.
 */
export function forest(inventory: Inventory, options: ForestOptions = {}): Forest {
  const deepFrom = options.deepFrom ?? defaultDeepFrom;
  const rows = new Map<string, InventoryRow>();
  for (const row of [...inventory.rows].sort(compareRows)) rows.set(keyOf(row), row);

  const parents = new Map<string, string>();
  for (const [key, row] of rows) {
    const link = linkOf(row);
    if (link === null) continue;
    const parentKey = imageKey(link.poolName, link.namespace, link.imageId, link.imageName);
    if (rows.has(parentKey)) parents.set(key, parentKey);
  }
  // A clone whose parent is not here still is at least one deep.
  const isClone = (row: InventoryRow | undefined) => row !== undefined && linkOf(row) !== null;
  const depthOf = depths([...rows.keys()], parents, (key) => (isClone(rows.get(key)) ? 1 : 0));
  const childrenOf = new Map<string, string[]>();
  for (const key of rows.keys()) {
    const parentKey = parents.get(key);
    if (parentKey === undefined) continue;
    const siblings = childrenOf.get(parentKey);
    if (siblings === undefined) childrenOf.set(parentKey, [key]);
    else siblings.push(key);
  }
  const descendantsOf = countDescendants(depthOf, parents);

  const scanned = scannedPlaces(inventory);
  const nodes = new Map<string, ForestNode>();
  for (const [key, row] of rows) {
    const link = linkOf(row);
    const parentKey = parents.get(key) ?? null;
    const parent = parentKey === null ? undefined : rows.get(parentKey);
    const parentState = stateOfParent(link, parent, scanned);
    const depth = depthOf.get(key) ?? 0;
    nodes.set(key, {
      key,
      row,
      parentState,
      parentKey,
      parentSnapshot: link?.snapshotName ?? null,
      depth,
      childKeys: childrenOf.get(key) ?? [],
      descendants: descendantsOf.get(key) ?? 0,
      marks: forestMarks({ link, parent, parentState, depth, deepFrom }),
    });
  }
  return { nodes, roots: [...nodes.values()].filter((n) => n.parentKey === null).map((n) => n.key) };
}

export function keyOf(row: InventoryRow): string {
  return imageKey(row.pool, row.namespace, row.id, row.name);
}

function linkOf(row: InventoryRow): ParentLink | null {
  return row.state === "ok" ? row.parent : null;
}

function stateOfParent(
  link: ParentLink | null,
  parent: InventoryRow | undefined,
  scanned: ReadonlySet<string>,
): ParentState {
  if (link === null) return "none";
  if (parent !== undefined) return "present";
  return scanned.has(`${link.poolName}/${link.namespace}`) ? "missing" : "not-scanned";
}

function scannedPlaces(inventory: Inventory): Set<string> {
  const places = new Set<string>();
  for (const pool of inventory.pools) {
    for (const namespace of pool.namespaces) {
      if (namespace.error === null) places.add(`${pool.name}/${namespace.name}`);
    }
  }
  return places;
}

/** Adds each image to its parent, deepest first, so that every one is complete before it is added. */
function countDescendants(
  depthOf: ReadonlyMap<string, number>,
  parents: ReadonlyMap<string, string>,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const [key] of [...depthOf].sort((a, b) => b[1] - a[1])) {
    const parentKey = parents.get(key);
    if (parentKey === undefined) continue;
    counts.set(parentKey, (counts.get(parentKey) ?? 0) + 1 + (counts.get(key) ?? 0));
  }
  return counts;
}
