"use client";

import { useEffect, useMemo, useRef } from "react";
import { GridPart, useGridRows } from "#components/ui/grid.tsx";
import { useImageActions } from "#features/actions/image-actions.ts";
import { flattenTree } from "./model/expansion.ts";
import type { ForestIndex } from "./model/forest-index.ts";
import type { LineageState } from "./model/lineage-state.ts";
import { TREE_ROW_HEIGHT, TreeHead, TreeRowView } from "./tree-row.tsx";

/** The forest as a tree of rows. This is the accessible view. Only the rows in view are rendered. */
export function ForestTree({ index, state }: { index: ForestIndex; state: LineageState }) {
  const { focus, setFocus, expansion } = state;
  const { expanded, toggle } = expansion;
  const rows = useMemo(() => flattenTree(index, expanded), [index, expanded]);
  const selected = focus === undefined ? -1 : rows.findIndex((row) => row.node === focus);
  const scroller = useRef<HTMLDivElement>(null);
  const { runByKey } = useImageActions();

  /** The image that was last brought into view, or selected in this view. */
  const seen = useRef<string | undefined>(undefined);
  const select = (key: string) => {
    seen.current = key;
    setFocus(key);
  };

  const { virtualizer, cursor, goTo, onKeyDown } = useGridRows({
    count: rows.length,
    rowHeight: TREE_ROW_HEIGHT,
    keyAt: (at) => rows[at]?.node.key,
    current: selected,
    onCurrentChange: select,
    onRowKey: (event) => {
      const row = rows[cursor];
      if (row === undefined) return false;
      if (event.key === "ArrowRight") {
        if (row.expanded === false) toggle(row.node.key);
        else if (row.expanded === true) goTo(cursor + 1);
        return true;
      }
      if (event.key === "ArrowLeft") {
        if (row.expanded === true) toggle(row.node.key);
        else if (row.parentIndex >= 0) goTo(row.parentIndex);
        return true;
      }
      return runByKey(event, row.node);
    },
    scroller,
  });

  // An image that was selected elsewhere (in the search, on the canvas, in the URL) is scrolled into view.
  useEffect(() => {
    if (focus === undefined || seen.current === focus.key || selected < 0) return;
    seen.current = focus.key;
    virtualizer.scrollToIndex(selected, { align: "center" });
  }, [focus, selected, virtualizer]);

  return (
    <div ref={scroller} className="min-h-0 flex-1 overflow-auto bg-surface">
      <GridPart
        role="treegrid"
        aria-label="Forest of clones"
        aria-rowcount={rows.length + 1}
        aria-colcount={6}
      >
        <TreeHead onExpandAll={expansion.all} onCollapseAll={expansion.none} />
        <GridPart
          role="rowgroup"
          className="relative"
          style={{ height: virtualizer.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {virtualizer.getVirtualItems().map(({ index: at, start }) => {
            const row = rows[at];
            if (row === undefined) return null;
            return (
              <TreeRowView
                key={row.node.key}
                row={row}
                index={at}
                start={start}
                hasCursor={at === cursor}
                selected={at === selected}
                onToggle={toggle}
                onSelect={select}
              />
            );
          })}
        </GridPart>
      </GridPart>
    </div>
  );
}
