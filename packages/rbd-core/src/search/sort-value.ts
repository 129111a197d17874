import type { ForestNode } from "../inventory/forest-types.ts";
import type { SearchSort } from "./search-types.ts";

const values: Record<SearchSort, (node: ForestNode) => number> = {
  name: () => 0,
  size: ({ row }) => (row.state === "ok" ? row.size : 0),
  snapshots: ({ row }) => (row.state === "ok" ? row.snapshots.length : 0),
  children: ({ childKeys }) => childKeys.length,
  depth: ({ depth }) => depth,
  created: ({ row }) => (row.state === "ok" ? (row.createdAt?.getTime() ?? -1) : -1),
};

/** What an image is sorted by before its name: bytes, a count, or milliseconds since 1970 (-1: not known). */
export function sortValue(node: ForestNode, by: SearchSort): number {
  return values[by](node);
}
