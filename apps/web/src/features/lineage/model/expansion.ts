import type { LineageNode } from "@coppice/server/router";
import { ancestorsOf, childrenOf, type ForestIndex } from "./forest-index.ts";

/** A forest with at most this many images is expanded at first. */
export const EXPAND_ALL_UP_TO = 150;

/** Keys of the images whose clones are shown. */
export type Expanded = ReadonlySet<string>;

/** Which images the user expanded and collapsed, and a rule for all others. */
export interface ExpansionChoice {
  /** `auto` expands a small forest. */
  rule: "auto" | "all" | "none";
  /** Whether the user expanded (true) or collapsed (false) an image, by key. */
  byHand: ReadonlyMap<string, boolean>;
}

export const AUTO: ExpansionChoice = { rule: "auto", byHand: new Map() };

/** The images that are expanded according to the choice of the user. */
export function chosenKeys(index: ForestIndex, { rule, byHand }: ExpansionChoice): Expanded {
  const openByRule = rule === "all" || (rule === "auto" && index.nodes.length <= EXPAND_ALL_UP_TO);
  const expanded = new Set<string>();
  for (const key of index.children.keys()) {
    if (byHand.get(key) ?? openByRule) expanded.add(key);
  }
  return expanded;
}

/** `expanded` with the ancestors of the selected image, so that it is visible. The same set when they are expanded already. */
export function withFocus(index: ForestIndex, expanded: Expanded, focusKey: string | undefined): Expanded {
  const closed =
    focusKey === undefined ? [] : ancestorsOf(index, focusKey).filter(({ key }) => !expanded.has(key));
  return closed.length === 0 ? expanded : new Set([...expanded, ...closed.map(({ key }) => key)]);
}

/** The choice with some images expanded or collapsed by the user. */
export function withByHand(
  choice: ExpansionChoice,
  nodes: readonly Pick<LineageNode, "key">[],
  open: boolean,
): ExpansionChoice {
  if (nodes.every(({ key }) => choice.byHand.get(key) === open)) return choice;
  const byHand = new Map(choice.byHand);
  for (const { key } of nodes) byHand.set(key, open);
  return { ...choice, byHand };
}

/** A row of the tree, with its ARIA properties. */
export interface TreeRow {
  node: LineageNode;
  parent: LineageNode | null;
  /** From 1. */
  level: number;
  /** From 1, among its siblings. */
  posInSet: number;
  setSize: number;
  /** Null when the image has no clones. */
  expanded: boolean | null;
  /** Index of the row of the parent; -1 for a root. */
  parentIndex: number;
}

/** The visible part of the forest as rows, from top to bottom. */
export function flattenTree(index: ForestIndex, expanded: Expanded): TreeRow[] {
  const rows: TreeRow[] = [];
  const add = (
    siblings: readonly LineageNode[],
    parent: LineageNode | null,
    level: number,
    parentIndex: number,
  ): void => {
    siblings.forEach((node, position) => {
      const clones = childrenOf(index, node.key);
      const open = clones.length === 0 ? null : expanded.has(node.key);
      rows.push({
        node,
        parent,
        level,
        posInSet: position + 1,
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
