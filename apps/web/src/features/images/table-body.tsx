"use client";

import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { type RefObject, useCallback, useEffect, useRef } from "react";
import { GridPart } from "#components/ui/grid-part.tsx";
import { ImageRow } from "./image-row.tsx";
import type { ImageTableRow } from "./table-features.ts";
import { SkeletonRow } from "./table-skeleton.tsx";
import { useRowFocus } from "./use-row-focus.ts";

const HEAD_HEIGHT = 36;

interface TableBodyProps {
  rows: readonly ImageTableRow[];
  /** Rows there are in all; those that have not arrived are drawn as skeletons. */
  count: number;
  rowHeight: number;
  scroller: RefObject<HTMLDivElement | null>;
  /** Changes with filter and sort. */
  listKey: string;
  activeKey: string;
  onActiveChange: (key: string) => void;
  /** Fetches the next page; absent while that is not possible. */
  needMore: (() => void) | undefined;
}

/** The rows in sight. The scroll bar speaks of all rows, the rest arrives as one scrolls. */
export function TableBody({
  rows,
  count,
  rowHeight,
  scroller,
  listKey,
  activeKey,
  onActiveChange,
  needMore,
}: TableBodyProps) {
  const found = activeKey === "" ? -1 : rows.findIndex((row) => row.id === activeKey);
  const active = Math.max(found, 0);

  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: HEAD_HEIGHT,
    // The row with the focus stays in the document, or the focus would be lost when it scrolls away.
    rangeExtractor: useCallback(
      (range: Range) => {
        const shown = defaultRangeExtractor(range);
        if (active >= range.startIndex - range.overscan && active <= range.endIndex + range.overscan)
          return shown;
        return [...shown, active].sort((a, b) => a - b);
      },
      [active],
    ),
  });
  useEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);

  const items = virtualizer.getVirtualItems();
  const lastShown = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    if (lastShown >= rows.length - 1 && rows.length < count) needMore?.();
  }, [lastShown, rows.length, count, needMore]);

  const focus = useRowFocus({
    rows,
    count,
    active,
    scrollTo: virtualizer.scrollToIndex,
    scroller,
    onActiveChange,
  });

  // Coming back to the page: the row one was on is in sight again, and has the focus.
  useEffect(() => {
    if (found <= 0) return;
    virtualizer.scrollToIndex(found, { align: "center" });
    if (document.activeElement === document.body) focus.goTo(found);
  }, []);

  // Another list begins at its beginning.
  const shownList = useRef(listKey);
  useEffect(() => {
    if (shownList.current === listKey) return;
    shownList.current = listKey;
    virtualizer.scrollToOffset(0);
  }, [listKey, virtualizer]);

  return (
    <GridPart
      role="rowgroup"
      className="relative"
      style={{ height: virtualizer.getTotalSize() }}
      onKeyDown={focus.onKeyDown}
      onFocus={focus.onFocus}
    >
      {items.map(({ index, start }) => {
        const row = rows[index];
        if (row === undefined) return <SkeletonRow key={index} index={index} start={start} />;
        return <ImageRow key={row.id} row={row} index={index} start={start} active={index === active} />;
      })}
    </GridPart>
  );
}
