"use client";

import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import {
  type ComponentProps,
  type KeyboardEvent,
  type RefObject,
  useCallback,
  useEffect,
  useRef,
} from "react";

type GridRole = "grid" | "treegrid" | "rowgroup" | "row" | "columnheader" | "rowheader" | "gridcell";

/**
 * A part of an ARIA grid. The rows of a virtual list are positioned one by one, which the elements of an HTML table
 * do not allow, so the roles are set explicitly.
 */
export function GridPart({ role, ...props }: Omit<ComponentProps<"div">, "role"> & { role: GridRole }) {
  return <div role={role} {...props} />;
}

/** Height of the sticky header row, in pixels. */
const HEADER_HEIGHT = 36;

/** Where each key moves the cursor, by row index. */
const MOVES: Record<string, (cursor: number, page: number, last: number) => number> = {
  ArrowDown: (cursor) => cursor + 1,
  ArrowUp: (cursor) => cursor - 1,
  PageDown: (cursor, page) => cursor + page,
  PageUp: (cursor, page) => cursor - page,
  Home: () => 0,
  End: (_cursor, _page, last) => last,
};

interface GridRowsOptions {
  /** Number of rows, including those that have not been loaded yet. */
  count: number;
  /** In pixels. */
  rowHeight: number;
  /** Key of the row at an index; undefined while the row has not been loaded. */
  keyAt: (index: number) => string | undefined;
  /** Index of the current row; -1 for none. */
  current: number;
  onCurrentChange: (key: string) => void;
  /** Handles a key that does not move the cursor, pressed on a row. Returns whether the key has a meaning. */
  onRowKey: (event: KeyboardEvent<HTMLElement>, row: HTMLElement) => boolean;
  scroller: RefObject<HTMLDivElement | null>;
}

/**
 * The rows of a virtual grid with a roving cursor. Only the rows in view are rendered, plus the row with the cursor,
 * because the keyboard focus would be lost if it were removed. The cursor also moves to rows that have yet to be
 * loaded: the focus follows as soon as they are. Each row must carry its index in `data-row`.
 */
export function useGridRows({
  count,
  rowHeight,
  keyAt,
  current,
  onCurrentChange,
  onRowKey,
  scroller,
}: GridRowsOptions) {
  const cursor = Math.max(current, 0);
  const virtualizer = useVirtualizer({
    count,
    getScrollElement: () => scroller.current,
    estimateSize: () => rowHeight,
    overscan: 12,
    scrollPaddingStart: HEADER_HEIGHT,
    getItemKey: (index) => keyAt(index) ?? index,
    rangeExtractor: useCallback(
      (range: Range) => {
        const rendered = defaultRangeExtractor(range);
        return rendered.includes(cursor) ? rendered : [...rendered, cursor].sort((a, b) => a - b);
      },
      [cursor],
    ),
  });
  useEffect(() => virtualizer.measure(), [virtualizer, rowHeight]);

  /** The row that the cursor is moving to. */
  const target = useRef<number | null>(null);
  const moveToTarget = () => {
    const index = target.current;
    const key = index === null ? undefined : keyAt(index);
    if (index === null || key === undefined) return;
    if (index !== current) onCurrentChange(key);
    // The row may have to be rendered first.
    requestAnimationFrame(() => {
      if (target.current !== index) return;
      target.current = null;
      scroller.current?.querySelector<HTMLElement>(`[data-row="${index}"]`)?.focus({ preventScroll: true });
    });
  };
  useEffect(moveToTarget);

  const goTo = (index: number) => {
    target.current = Math.min(Math.max(index, 0), count - 1);
    virtualizer.scrollToIndex(target.current);
    moveToTarget();
  };

  const onKeyDown = (event: KeyboardEvent<HTMLElement>) => {
    const { target: row } = event;
    if (!(row instanceof HTMLElement) || row.dataset.row === undefined) return;
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key];
    if (move !== undefined) {
      const page = Math.max(1, Math.floor((scroller.current?.clientHeight ?? 0) / row.offsetHeight) - 2);
      goTo(move(target.current ?? cursor, page, count - 1));
    } else if (!onRowKey(event, row)) return;
    event.preventDefault();
  };

  return { virtualizer, cursor, goTo, onKeyDown };
}
