import type { LineageNode } from "@coppice/server/router";
import { ancestorsOf, childrenOf, type ForestIndex } from "./forest-index.ts";

/** Up to this many images all of the forest is open at first. */
export const OPEN_ALL_UP_TO = 150;

/** Keys of the images whose clones are shown. */
export type Expanded = ReadonlySet<string>;

/** What a person opened and closed, on top of a rule for all others. */
export interface ExpansionChoice {
  /** `auto`: open when the forest is small. */
  rule: "auto" | "all" | "none";
  /** By key: opened or closed by hand. */
  byHand: ReadonlyMap<string, boolean>;
}

export const AUTO: ExpansionChoice = { rule: "auto", byHand: new Map() };

/** What is open by the choice alone. */
export function chosenKeys(index: ForestIndex, { rule, byHand }: ExpansionChoice): Expanded {
  const openByRule = rule === "all" || (rule === "auto" && index.nodes.length <= OPEN_ALL_UP_TO);
  const expanded = new Set<string>();
  for (const key of index.children.keys()) {
    if (byHand.get(key) ?? openByRule) expanded.add(key);
  }
  return expanded;
}

/** With the way to the image in focus, so that it is in sight. The same set when that is open. */
export function withFocus(index: ForestIndex, expanded: Expanded, focusKey: string | undefined): Expanded {
  const closed =
    focusKey === undefined ? [] : ancestorsOf(index, focusKey).filter(({ key }) => !expanded.has(key));
  return closed.length === 0 ? expanded : new Set([...expanded, ...closed.map(({ key }) => key)]);
}

/** The choice with some images opened, or closed, by hand. */
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
