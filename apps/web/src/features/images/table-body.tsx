"use client";

import type { RowError } from "@coppice/server/router";
import { FlexRender } from "@tanstack/react-table";
import { defaultRangeExtractor, type Range, useVirtualizer } from "@tanstack/react-virtual";
import { CircleAlert } from "lucide-react";
import { memo, type RefObject, useCallback, useEffect, useRef } from "react";
import { GridPart } from "#components/ui/grid.tsx";
import { Tooltip } from "#components/ui/popover.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { cn } from "#lib/cn.ts";
import type { ImageTableRow } from "./columns.tsx";
import { RowMenu } from "./row-menu.tsx";
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

interface ImageRowProps {
  row: ImageTableRow;
  /** Place in the whole list, from 0. */
  index: number;
  /** Distance from the top, in pixels. */
  start: number;
  /** It is the one that takes the focus. */
  active: boolean;
}

/** One image. An unreadable one keeps its name and says what is wrong in place of the rest. */
export const ImageRow = memo(function ImageRow({ row, index, start, active }: ImageRowProps) {
  const cells = row.getVisibleCells();
  const unreadable = row.original.state === "unreadable";
  const shown = unreadable ? cells.slice(0, 1) : cells;
  return (
    <GridPart
      role="row"
      data-row={index}
      tabIndex={active ? 0 : -1}
      aria-rowindex={index + 2}
      className={cn(
        "group/row absolute inset-x-0 grid h-(--row-height) grid-cols-(--tracks) items-center border-line border-b px-2 transition-colors duration-75 hover:bg-hover focus-visible:-outline-offset-2 md:px-4",
        unreadable && "bg-danger-soft hover:bg-danger-soft",
        row.original.inTrash && "text-ink-3",
      )}
      style={{ transform: `translateY(${start}px)` }}
    >
      {shown.map((cell, column) => (
        <GridPart
          key={cell.id}
          role={column === 0 ? "rowheader" : "gridcell"}
          aria-colindex={column + 1}
          className={cn(
            "flex min-w-0 items-center overflow-hidden px-2",
            cell.column.columnDef.meta?.align === "right" && "justify-end",
          )}
        >
          <FlexRender cell={cell} />
        </GridPart>
      ))}
      {unreadable && <UnreadableCell error={row.original.error} span={cells.length - 1} />}
      <GridPart role="gridcell" aria-colindex={cells.length + 1} className="flex justify-center">
        <RowMenu row={row.original} tabIndex={active ? 0 : -1} />
      </GridPart>
    </GridPart>
  );
});

/** Why an image could not be read, across the columns it has no values for. */
export function UnreadableCell({ error, span }: { error: RowError | undefined; span: number }) {
  if (span < 1) return null;
  const text =
    error === undefined ? "It could not be read." : [error.message, error.hint].filter(Boolean).join(" ");
  return (
    <Tooltip label={text}>
      <GridPart
        role="gridcell"
        aria-colindex={2}
        aria-colspan={span}
        className="flex min-w-0 items-center gap-1.5 px-2 text-danger"
        style={{ gridColumn: `span ${span}` }}
      >
        <CircleAlert aria-hidden className="size-4 shrink-0" />
        <span className="truncate">{text}</span>
        {error !== undefined && (
          <span className="hidden shrink-0 font-mono text-2xs lg:inline">{error.code}</span>
        )}
      </GridPart>
    </Tooltip>
  );
}

const WIDTHS = ["w-36", "w-28", "w-44", "w-32", "w-40", "w-24"] as const;

/** The table before its first rows. */
export function TableSkeleton() {
  return (
    <div aria-busy="true" className="min-h-0 flex-1 overflow-hidden border-line border-t bg-surface">
      <span role="status" className="sr-only">
        Reading the images
      </span>
      <div className="h-9 border-line border-b bg-sunken" />
      {Array.from({ length: 16 }, (_, index) => (
        <div key={index} className="flex h-10 items-center gap-8 border-line border-b px-4 md:px-6">
          <div className="w-52">
            <Skeleton className={WIDTHS[index % WIDTHS.length] ?? "w-32"} />
          </div>
          <Skeleton className="hidden w-16 md:block" />
          <Skeleton className="ml-auto w-14" />
          <Skeleton className="hidden w-20 lg:block" />
          <Skeleton className="hidden w-32 xl:block" />
        </div>
      ))}
    </div>
  );
}

/** A row that has not arrived. */
export function SkeletonRow({ index, start }: { index: number; start: number }) {
  return (
    <div
      aria-hidden
      className="absolute inset-x-0 flex h-(--row-height) items-center border-line border-b px-4 md:px-6"
      style={{ transform: `translateY(${start}px)` }}
    >
      <Skeleton className={WIDTHS[index % WIDTHS.length] ?? "w-32"} />
    </div>
  );
}
