import type { ForestMark, ParentState } from "./forest-types.ts";
import type { InventoryRow, ParentLink } from "./inventory-row.ts";

export interface MarkFacts {
  link: ParentLink | null;
  parent: InventoryRow | undefined;
  parentState: ParentState;
  depth: number;
  deepFrom: number;
}

/** See {@link ForestMark} for what each means. In a fixed order. */
export function forestMarks(facts: MarkFacts): ForestMark[] {
  const { link, parentState, depth, deepFrom } = facts;
  const marks: ForestMark[] = [];
  if (link === null) return marks;
  const hangsOnTrash = isInTrash(link, facts.parent);
  if (depth >= deepFrom) marks.push("deep");
  // Flattening reads the parent, so an orphan cannot be flattened.
  if (parentState !== "missing" && (depth === deepFrom || hangsOnTrash)) marks.push("flatten-candidate");
  if (parentState === "missing") marks.push("orphan");
  if (hangsOnTrash) marks.push("parent-in-trash");
  return marks;
}

function isInTrash(link: ParentLink, parent: InventoryRow | undefined): boolean {
  if (link.inTrash || (parent !== undefined && parent.trash !== null)) return true;
  if (parent?.state !== "ok") return false;
  return parent.snapshots.some((snapshot) => snapshot.id === link.snapshotId && snapshot.kind === "trash");
}
