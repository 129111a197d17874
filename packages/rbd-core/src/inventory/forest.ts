import { compareRows, type Inventory, type InventoryRow, imageKey, type ParentLink } from "./rows.ts";

/**
 * What needs attention about an image:
 * - `deep`: its depth has reached the limit.
 * - `flatten-candidate`: flattening this image helps most, because it is the first deep one of its line, so that all images
 *   below it become shallower too, or because its parent is in the trash and is kept only for its clones.
 * - `orphan`: its parent does not exist, although its pool and namespace were read.
 * - `parent-in-trash`: its parent, or its parent's snapshot, is in the trash.
 */
export type ForestMark = "deep" | "flatten-candidate" | "orphan" | "parent-in-trash";

/**
 * Whether the parent of an image is known:
 * - `none`: the image is not a clone.
 * - `present`: the parent is a node of this forest.
 * - `missing`: the parent does not exist, although its pool and namespace were read.
 * - `not-scanned`: the parent is in a pool or namespace that was not read.
 */
export type ParentState = "none" | "present" | "missing" | "not-scanned";

/** An image with its relatives. */
export interface ForestNode {
  /** `pool/namespace/id`: unique, and the same after a rename. */
  key: string;
  row: InventoryRow;
  parentState: ParentState;
  parentKey: string | null;
  /** The parent's snapshot that this image was cloned from; `null` when it is not a clone. */
  parentSnapshot: string | null;
  /** The number of ancestors; 0 for an image that is not a clone. A lower bound when an ancestor is not in the forest. */
  depth: number;
  /** Sorted by pool, namespace and name. */
  childKeys: readonly string[];
  /** The number of clones below, at all levels. */
  descendants: number;
  marks: readonly ForestMark[];
}

/** All images of an inventory by their parent links. */
export interface Forest {
  nodes: ReadonlyMap<string, ForestNode>;
  /** Keys of the nodes that have no parent in the forest, sorted by pool, namespace and name. */
  roots: readonly string[];
}

export interface ForestOptions {
  /** The depth from which an image counts as deep. Default 4, ceph-csi's soft limit. */
  deepFrom?: number | undefined;
}

/** ceph-csi starts to flatten at this depth. */
const defaultDeepFrom = 4;

/**
 * Links the images of an inventory to their parents and clones, across pools, namespaces and the trash. Pure; takes time
 * linear in the number of images, apart from sorting.
 *
 * Never throws: an image whose parent is missing has the mark `orphan`, and a cycle of parent links, which only damaged
 * headers can contain, is cut.
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
  // A clone has at least depth 1, even if its parent is not in the inventory.
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

/** Adds the count of each image to its parent, deepest first, so that each count is complete before it is added. */
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

/**
 * The depth of every key: `rootDepth` without a parent, otherwise one more than the parent's. A cycle is cut by removing
 * the link that closes it from `parents`.
 */
function depths(
  keys: readonly string[],
  parents: Map<string, string>,
  rootDepth: (key: string) => number,
): Map<string, number> {
  const depthOf = new Map<string, number>();
  for (const start of keys) {
    const line: string[] = [];
    const onLine = new Set<string>();
    let key: string | undefined = start;
    while (key !== undefined && !depthOf.has(key)) {
      line.push(key);
      onLine.add(key);
      const parent: string | undefined = parents.get(key);
      if (parent !== undefined && onLine.has(parent)) {
        parents.delete(key);
        key = undefined;
      } else {
        key = parent;
      }
    }
    let above = key === undefined ? undefined : depthOf.get(key);
    for (const each of line.reverse()) {
      above = above === undefined ? rootDepth(each) : above + 1;
      depthOf.set(each, above);
    }
  }
  return depthOf;
}

interface MarkFacts {
  link: ParentLink | null;
  parent: InventoryRow | undefined;
  parentState: ParentState;
  depth: number;
  deepFrom: number;
}

/** The marks of an image, always in the same order. */
function forestMarks(facts: MarkFacts): ForestMark[] {
  const { link, parentState, depth, deepFrom } = facts;
  const marks: ForestMark[] = [];
  if (link === null) return marks;
  const parentInTrash = isInTrash(link, facts.parent);
  if (depth >= deepFrom) marks.push("deep");
  // Flattening reads the parent, so that an orphan cannot be flattened.
  if (parentState !== "missing" && (depth === deepFrom || parentInTrash)) marks.push("flatten-candidate");
  if (parentState === "missing") marks.push("orphan");
  if (parentInTrash) marks.push("parent-in-trash");
  return marks;
}

function isInTrash(link: ParentLink, parent: InventoryRow | undefined): boolean {
  if (link.inTrash || (parent !== undefined && parent.trash !== null)) return true;
  if (parent?.state !== "ok") return false;
  return parent.snapshots.some((snapshot) => snapshot.id === link.snapshotId && snapshot.kind === "trash");
}
