import type { LineageNode } from "@coppice/server/router";
import { plural } from "#lib/format/count.ts";
import { marksOf } from "#lib/image/marks.ts";
import type { Expanded } from "../model/expansion.ts";
import type { ForestIndex } from "../model/forest-index.ts";
import type { CanvasLayout } from "../model/layout.ts";

interface CursorAnnouncementProps {
  index: ForestIndex;
  layout: CanvasLayout;
  cursor: string | null;
  expanded: Expanded;
}

/** Reads out what has the cursor as it moves. */
export function CursorAnnouncement({ index, layout, cursor, expanded }: CursorAnnouncementProps) {
  const node = cursor === null ? undefined : index.byKey.get(cursor);
  const fold = node === undefined ? layout.placed.find(({ item }) => item.id === cursor)?.item : undefined;
  return (
    <p role="status" className="sr-only">
      {node !== undefined
        ? describe(node, index, expanded.has(node.key))
        : fold?.kind === "fold"
          ? `${plural(fold.count, "more image")}, folded. Press Space to show them.`
          : ""}
    </p>
  );
}

function describe(node: LineageNode, index: ForestIndex, open: boolean): string {
  const parent = node.parentKey === null ? undefined : index.byKey.get(node.parentKey);
  return [
    node.spec,
    parent === undefined ? "root" : `clone of ${parent.spec} at ${node.parentSnapshot}, depth ${node.depth}`,
    node.childCount === 0 ? "no clones" : `${plural(node.childCount, "clone")}, ${open ? "open" : "closed"}`,
    ...marksOf(node).map(({ label }) => label),
  ].join(", ");
}
