import type { LineageNode } from "@coppice/server/router";
import { ancestorsOf, type ForestIndex } from "./forest-index.ts";

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
