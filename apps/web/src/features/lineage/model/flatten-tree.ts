import type { LineageNode } from "@coppice/server/router";
import type { Expanded } from "./expansion.ts";
import { childrenOf, type ForestIndex } from "./forest-index.ts";

/** A line of the tree, with what ARIA wants to know of it. */
export interface TreeRow {
  node: LineageNode;
  parent: LineageNode | null;
  /** From 1. */
  level: number;
  /** From 1, among its siblings. */
  posInSet: number;
  setSize: number;
  /** Null when it has no clones to show or hide. */
  expanded: boolean | null;
  /** Where the parent's row is; -1 for a root. */
  parentIndex: number;
}

/** The open part of the forest as lines, in the order one reads them. */
export function flattenTree(index: ForestIndex, expanded: Expanded): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (
    siblings: readonly LineageNode[],
    parent: LineageNode | null,
    level: number,
    parentIndex: number,
  ): void => {
    siblings.forEach((node, place) => {
      const clones = childrenOf(index, node.key);
      const open = clones.length === 0 ? null : expanded.has(node.key);
      rows.push({
        node,
        parent,
        level,
        posInSet: place + 1,
        setSize: siblings.length,
        expanded: open,
        parentIndex,
      });
      if (open === true) add(clones, node, level + 1, rows.length - 1);
    });
  };
  add(index.roots, null, 1, -1);
  return rows;
}
