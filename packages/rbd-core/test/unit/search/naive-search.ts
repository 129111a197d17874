import { featureNames, flagNames } from "../../../src/image/features.ts";
import { type ForestNode, forest } from "../../../src/inventory/forest.ts";
import type { Inventory } from "../../../src/inventory/rows.ts";
import type { ImageSearch, SearchSort } from "../../../src/search/search.ts";

/** All that is to be found, in order: each filter as one plain sentence, nothing prepared. */
export function naiveSearch(inventory: Inventory, search: ImageSearch): ForestNode[] {
  const all = [...forest(inventory).nodes.values()];
  const { by, dir } = { by: "name" as const, ...search.sort };
  const turn = dir === "desc" ? -1 : 1;
  return all
    .filter((node) => passes(node, search, all))
    .sort((a, b) => turn * (value(a, by) - value(b, by) || byName(a, b)));
}

function passes(node: ForestNode, search: ImageSearch, all: ForestNode[]): boolean {
  const { row, marks } = node;
  const image = row.state === "ok" ? row : null;
  const at = image?.createdAt?.getTime() ?? null;
  const { text, pool, namespace, kind, parent, feature, problem } = search;
  const { minSize, maxSize, createdAfter, createdBefore } = search;
  for (const word of text?.split(" ") ?? []) {
    if (!row.spec.toLowerCase().includes(word.toLowerCase())) return false;
  }
  if (pool !== undefined && row.pool !== pool) return false;
  if (namespace !== undefined && row.namespace !== namespace) return false;
  if (kind === "roots" && (image === null || image.parent !== null)) return false;
  if (kind === "clones" && (image === null || image.parent === null)) return false;
  if (kind === "trash" && row.trash === null) return false;
  if (kind === "problems") {
    if (image !== null && !marks.some((mark) => mark !== "flatten-candidate")) return false;
  }
  if (parent !== undefined && !isBelow(node, parentKey(parent, all), search.descendants === true, all)) {
    return false;
  }
  if (feature !== undefined && !featureNames(image?.features ?? 0n).includes(feature)) return false;
  if (minSize !== undefined && !(image !== null && image.size >= minSize)) return false;
  if (maxSize !== undefined && !(image !== null && image.size <= maxSize)) return false;
  if (createdAfter !== undefined && !(at !== null && at >= createdAfter.getTime())) return false;
  if (createdBefore !== undefined && !(at !== null && at < createdBefore.getTime())) return false;
  if (problem === "unreadable") return image === null;
  if (problem === "object-map-invalid")
    return flagNames(image?.flags ?? 0n).some((flag) => /invalid$/.test(flag));
  return problem === undefined || marks.includes(problem);
}

/** A key, else a spec: of those with this spec, the living one before those in the trash. */
function parentKey(parent: string, all: ForestNode[]): string | undefined {
  if (all.some(({ key }) => key === parent)) return parent;
  const named = all.filter(({ row }) => row.spec === parent).sort(byName);
  return (named.find(({ row }) => row.trash === null) ?? named[0])?.key;
}

function isBelow(node: ForestNode, top: string | undefined, deep: boolean, all: ForestNode[]): boolean {
  if (node.parentKey === null) return false;
  if (node.parentKey === top) return true;
  const above = all.find(({ key }) => key === node.parentKey);
  return deep && above !== undefined && isBelow(above, top, deep, all);
}

function value({ row, childKeys, depth }: ForestNode, by: SearchSort): number {
  if (by === "children") return childKeys.length;
  if (by === "depth") return depth;
  if (by === "name" || row.state === "unreadable") return by === "created" ? -1 : 0;
  if (by === "size") return row.size;
  return by === "snapshots" ? row.snapshots.length : (row.createdAt?.getTime() ?? -1);
}

function byName(a: ForestNode, b: ForestNode): number {
  const names = a.row.name.localeCompare(b.row.name, "en", { numeric: true, sensitivity: "base" });
  if (names !== 0) return names;
  return `${a.row.spec}\0${a.key}` < `${b.row.spec}\0${b.key}` ? -1 : 1;
}
