"use client";

import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { useCallback, useEffect, useMemo, useRef } from "react";
import { GridPart } from "#components/ui/grid.tsx";
import type { LineageState } from "../lineage-state.ts";
import { flattenTree } from "../model/expansion.ts";
import type { ForestIndex } from "../model/forest-index.ts";
import { useTreeKeys } from "./tree-keys.ts";
import { TreeHead, TreeRowView } from "./tree-row.tsx";

const ROW_HEIGHT = 34;
const HEAD_HEIGHT = 36;

/** The forest as a tree of rows: the accessible view, of which only what is in sight is drawn. */
export function ForestTree({ index, state }: { index: ForestIndex; state: LineageState }) {
  const { focus, setFocus, expansion } = state;
  const { expanded } = expansion;
  const rows = useMemo(() => flattenTree(index, expanded), [index, expanded]);
  const found = focus === undefined ? -1 : rows.findIndex((row) => row.node === focus);
  const active = Math.max(found, 0);
  const scroller = useRef<HTMLDivElement>(null);

  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => ROW_HEIGHT,
    overscan: 12,
    scrollPaddingStart: HEAD_HEIGHT,
    getItemKey: (at) => rows[at]?.node.key ?? at,
    // The row with the focus stays in the document, or the focus would be lost when it scrolls away.
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        return shown.includes(active) ? shown : [...shown, active].sort((a, b) => a - b);
      },
      [active],
    ),
  });
  const keys = useTreeKeys({ rows, active, state, scrollTo: virtualizer.scrollToIndex, scroller });

  // The focus came from elsewhere (search, the other view, the address bar): bring it into sight.
  const seen = useRef<string | undefined>(undefined);
  useEffect(() => {
    if (focus === undefined || seen.current === focus.key || found < 0) return;
    seen.current = focus.key;
    virtualizer.scrollToIndex(found, { align: "center" });
  }, [focus, found, virtualizer]);

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
          onKeyDown={keys}
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
                active={at === active}
                selected={at === found}
                onToggle={expansion.toggle}
                onSelect={(key) => {
                  seen.current = key;
                  setFocus(key);
                }}
              />
            );
          })}
        </GridPart>
      </GridPart>
    </div>
  );
}
