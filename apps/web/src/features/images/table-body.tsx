"use client";

import type { ImageListRow, RowError } from "@coppice/server/router";
import { FlexRender } from "@tanstack/react-table";
import { CircleAlert } from "lucide-react";
import { useRouter } from "next/navigation";
import { memo, type RefObject, useEffect, useRef } from "react";
import { GridPart, useGridRows } from "#components/ui/grid.tsx";
import { Tooltip } from "#components/ui/popover.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { ActionMenu } from "#features/actions/action-controls.tsx";
import { useImageActions } from "#features/actions/image-actions.ts";
import { cn } from "#lib/cn.ts";
import type { ImageTableRow } from "./columns.tsx";

interface TableBodyProps {
  /** The rows that have been loaded. */
  rows: readonly ImageTableRow[];
  /** Number of rows in all. Rows that have not been loaded yet are shown as skeletons. */
  count: number;
  rowHeight: number;
  scroller: RefObject<HTMLDivElement | null>;
  /** Changes with the filter and the order. */
  listKey: string;
  /** Key of the current row; "" for none. */
  currentKey: string;
  onCurrentChange: (key: string) => void;
  /** Writes the current row to the URL without delay. Resolves when it is there. */
  saveCurrent: (key: string) => Promise<unknown>;
  /** Loads the next page; undefined when there is none, or while one is being loaded. */
  loadMore: (() => void) | undefined;
}

/** The rows in view. The scroll bar covers all rows; pages are loaded as the user scrolls. */
export function TableBody({
  rows,
  count,
  rowHeight,
  scroller,
  listKey,
  currentKey,
  onCurrentChange,
  saveCurrent,
  loadMore,
}: TableBodyProps) {
  const router = useRouter();
  const { runByKey } = useImageActions();
  const current = currentKey === "" ? -1 : rows.findIndex((row) => row.id === currentKey);
  const { virtualizer, cursor, goTo, onKeyDown } = useGridRows({
    count,
    rowHeight,
    keyAt: (index) => rows[index]?.id,
    current,
    onCurrentChange,
    onRowKey: (event, element) => {
      const row = rows[cursor]?.original;
      if (row === undefined) return false;
      if (event.key === "ContextMenu" || (event.key === "F10" && event.shiftKey)) {
        element.querySelector<HTMLElement>("[data-row-menu]")?.click();
        return true;
      }
      if (event.key !== "Enter") return runByKey(event, row);
      void saveCurrent(row.key).then(() => runByKey(event, row));
      return true;
    },
    scroller,
  });

  const rowKey = (element: Element | null): string | undefined => {
    const index = element?.closest<HTMLElement>("[data-row]")?.dataset.row;
    return index === undefined ? undefined : rows[Number(index)]?.id;
  };

  const lastShown = virtualizer.range?.endIndex ?? 0;
  useEffect(() => {
    if (lastShown >= rows.length - 1 && rows.length < count) loadMore?.();
  }, [lastShown, rows.length, count, loadMore]);

  // When the user returns to the page, the current row is scrolled into view and focused.
  useEffect(() => {
    if (current <= 0) return;
    virtualizer.scrollToIndex(current, { align: "center" });
    if (document.activeElement === document.body) goTo(current);
  }, []);

  // A list with another filter or order is shown from its beginning.
  const shownList = useRef(listKey);
  useEffect(() => {
    if (shownList.current === listKey) return;
    shownList.current = listKey;
    virtualizer.scrollToOffset(0);
  }, [listKey, virtualizer]);

  // An update of the URL during a navigation would cancel the navigation. So the current row, which is written to the URL
  // with a delay, is written at once before a link of a row is followed.
  return (
    <GridPart
      role="rowgroup"
      className="relative"
      style={{ height: virtualizer.getTotalSize() }}
      onKeyDown={onKeyDown}
      onClickCapture={(event) => {
        const link =
          event.target instanceof Element ? event.target.closest<HTMLAnchorElement>("[data-row] a") : null;
        const href = link?.getAttribute("href") ?? null;
        const key = rowKey(link);
        const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
        if (href === null || key === undefined || !isPlain) return;
        event.preventDefault();
        void saveCurrent(key).then(() => router.push(href));
      }}
      onFocus={(event) => {
        const key = rowKey(event.target);
        if (key !== undefined && key !== currentKey) onCurrentChange(key);
      }}
    >
      {virtualizer.getVirtualItems().map(({ index, start }) => {
        const row = rows[index];
        if (row === undefined) return <SkeletonRow key={index} index={index} start={start} />;
        return <ImageRow key={row.id} row={row} index={index} start={start} hasCursor={index === cursor} />;
      })}
    </GridPart>
  );
}

interface ImageRowProps {
  row: ImageTableRow;
  /** Index in the whole list, from 0. */
  index: number;
  /** Distance from the top, in pixels. */
  start: number;
  /** Whether the row takes the keyboard focus. */
  hasCursor: boolean;
}

/** One image. A row that could not be read shows the name and the error across the other columns. */
const ImageRow = memo(function ImageRow({ row, index, start, hasCursor }: ImageRowProps) {
  const cells = row.getVisibleCells();
  const image = row.original;
  const unreadable = image.state === "unreadable";
  const tabIndex = hasCursor ? 0 : -1;
  return (
    <GridPart
      role="row"
      data-row={index}
      tabIndex={tabIndex}
      aria-rowindex={index + 2}
      className={cn(
        "group/row absolute inset-x-0 grid h-(--row-height) grid-cols-(--tracks) items-center border-line border-b px-2 transition-colors duration-75 hover:bg-hover focus-visible:-outline-offset-2 md:px-4",
        unreadable && "bg-danger-soft hover:bg-danger-soft",
        image.inTrash && "text-ink-3",
      )}
      style={{ transform: `translateY(${start}px)` }}
    >
      {(unreadable ? cells.slice(0, 1) : cells).map((cell, column) => (
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
      {unreadable && <ErrorCell error={image.error} span={cells.length - 1} />}
      <GridPart role="gridcell" aria-colindex={cells.length + 1} className="flex justify-center">
        <RowMenu row={image} tabIndex={tabIndex} />
      </GridPart>
    </GridPart>
  );
});

function RowMenu({ row, tabIndex }: { row: ImageListRow; tabIndex: 0 | -1 }) {
  const { actionsFor } = useImageActions();
  return (
    <ActionMenu
      actions={actionsFor(row)}
      label={`Actions for ${row.spec}`}
      tabIndex={tabIndex}
      className="size-6 opacity-60 group-focus-within/row:opacity-100 group-hover/row:opacity-100"
    />
  );
}

/** Why an image could not be read, across the columns that have no values. */
function ErrorCell({ error, span }: { error: RowError | undefined; span: number }) {
  if (span < 1) return null;
  const text =
    error === undefined
      ? "The image could not be read."
      : [error.message, error.hint].filter(Boolean).join(" ");
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

const SKELETON_WIDTHS = ["w-36", "w-28", "w-44", "w-32", "w-40", "w-24"] as const;

function skeletonWidth(index: number): string {
  return SKELETON_WIDTHS[index % SKELETON_WIDTHS.length] ?? "w-32";
}

/** The table before its first rows have been loaded. */
export function TableSkeleton() {
  return (
    <div aria-busy="true" className="min-h-0 flex-1 overflow-hidden border-line border-t bg-surface">
      <span role="status" className="sr-only">
        Loading the images
      </span>
      <div className="h-9 border-line border-b bg-sunken" />
      {Array.from({ length: 16 }, (_, index) => (
        <div key={index} className="flex h-10 items-center gap-8 border-line border-b px-4 md:px-6">
          <div className="w-52">
            <Skeleton className={skeletonWidth(index)} />
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

/** A row that has not been loaded yet. */
function SkeletonRow({ index, start }: { index: number; start: number }) {
  return (
    <div
      aria-hidden
      className="absolute inset-x-0 flex h-(--row-height) items-center border-line border-b px-4 md:px-6"
      style={{ transform: `translateY(${start}px)` }}
    >
      <Skeleton className={skeletonWidth(index)} />
    </div>
  );
}
