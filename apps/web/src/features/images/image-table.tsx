"use client";

import type { ImageListRow } from "@coppice/server/router";
import { useTable } from "@tanstack/react-table";
import { ArrowDown, ArrowUp } from "lucide-react";
import { defaultRateLimit } from "nuqs";
import { type RefObject, useLayoutEffect, useRef, useState } from "react";
import { GridPart } from "#components/ui/grid.tsx";
import { usePageTarget } from "#features/actions/image-actions.ts";
import { cn } from "#lib/cn.ts";
import {
  type ImageTableHeader,
  imageColumns,
  imageTableFeatures,
  ROW_HEIGHT,
  useColumnVisibility,
  useDensity,
} from "./columns.tsx";
import {
  type ImageFilters,
  type ImageList,
  type ImageSort,
  SORTS,
  type useImageFilters,
} from "./image-filters.tsx";
import { TableBody } from "./table-body.tsx";

/** Width of the column with the menu of each row. */
const MENU_WIDTH = "2.5rem";

interface ImageTableProps {
  list: ImageList;
  rows: ImageListRow[];
  filters: ImageFilters;
  setFilters: ReturnType<typeof useImageFilters>[1];
}

/** The images as an ARIA grid. Only the rows in view are rendered. */
export function ImageTable({ list, rows, filters, setFilters }: ImageTableProps) {
  const scroller = useRef<HTMLDivElement>(null);
  const width = useElementWidth(scroller);
  const [density] = useDensity();
  const columnVisibility = useColumnVisibility(width);
  const table = useTable({
    features: imageTableFeatures,
    columns: imageColumns,
    data: rows,
    getRowId: (row) => row.key,
    manualSorting: true,
    enableSortingRemoval: false,
    sortDescFirst: false,
    state: { columnVisibility, sorting: [{ id: filters.sort, desc: filters.dir === "desc" }] },
    onSortingChange: (updater) => {
      const before = [{ id: filters.sort, desc: filters.dir === "desc" }];
      const [next] = typeof updater === "function" ? updater(before) : updater;
      const sort = SORTS.find((known): known is ImageSort => known === next?.id);
      if (sort !== undefined) void setFilters({ sort, dir: next?.desc === true ? "desc" : "asc" });
    },
  });

  const headers = table.getHeaderGroups()[0]?.headers ?? [];
  const tracks = [...headers.map(({ column }) => column.columnDef.meta?.width ?? "1fr"), MENU_WIDTH].join(
    " ",
  );
  const filtered = list.last?.filtered ?? rows.length;
  usePageTarget(rows.find(({ key }) => key === filters.row));

  return (
    <div
      ref={scroller}
      data-status={columnVisibility.status === true ? "column" : "inline"}
      data-pool={columnVisibility.pool === true ? "column" : "inline"}
      className="group/table min-h-0 flex-1 overflow-auto border-line border-t bg-surface"
    >
      <GridPart
        role="grid"
        aria-label="Images"
        aria-rowcount={filtered + 1}
        aria-colcount={headers.length + 1}
        aria-busy={list.query.isFetching}
        style={{ "--tracks": tracks, "--row-height": `${ROW_HEIGHT[density]}px` }}
      >
        <TableHead headers={headers} />
        <TableBody
          rows={table.getRowModel().rows}
          count={filtered}
          rowHeight={ROW_HEIGHT[density]}
          scroller={scroller}
          listKey={[filters.q, filters.kind, filters.pool, filters.sort, filters.dir].join(" ")}
          currentKey={filters.row}
          onCurrentChange={(key) => void setFilters({ row: key })}
          saveCurrent={(key) => setFilters({ row: key }, { limitUrlUpdates: defaultRateLimit })}
          loadMore={
            list.query.hasNextPage && !list.query.isFetching && !list.query.isError
              ? () => void list.query.fetchNextPage()
              : undefined
          }
        />
      </GridPart>
    </div>
  );
}

/** The column headers. Those of columns that the server can sort by are buttons. */
function TableHead({ headers }: { headers: readonly ImageTableHeader[] }) {
  return (
    <GridPart
      role="row"
      aria-rowindex={1}
      className="sticky top-0 z-10 grid h-9 grid-cols-(--tracks) items-stretch border-line border-b bg-sunken px-2 md:px-4"
    >
      {headers.map((header) => (
        <ColumnHead key={header.id} header={header} />
      ))}
      <GridPart role="columnheader" aria-colindex={headers.length + 1}>
        <span className="sr-only">Actions</span>
      </GridPart>
    </GridPart>
  );
}

const ARIA_SORT = { asc: "ascending", desc: "descending" } as const;

function ColumnHead({ header: { column, index } }: { header: ImageTableHeader }) {
  const { meta } = column.columnDef;
  const sorted = column.getIsSorted();
  const sortable = column.getCanSort();
  const right = meta?.align === "right";
  return (
    <GridPart
      role="columnheader"
      aria-colindex={index + 1}
      aria-sort={sortable ? (sorted === false ? "none" : ARIA_SORT[sorted]) : undefined}
      className={cn(
        "flex min-w-0 items-center px-2 text-ink-3 text-xs",
        right && "justify-end",
        meta?.indent === true && "pl-6",
      )}
    >
      {sortable ? (
        <button
          type="button"
          onClick={() => column.toggleSorting()}
          className={cn(
            "-mx-1 flex h-6 min-w-0 items-center gap-1 rounded px-1 font-medium hover:text-ink",
            sorted !== false && "text-ink",
            right && "flex-row-reverse",
          )}
        >
          <span className="truncate">{meta?.title}</span>
          {sorted === "asc" && <ArrowUp aria-hidden className="size-3.5 shrink-0" />}
          {sorted === "desc" && <ArrowDown aria-hidden className="size-3.5 shrink-0" />}
        </button>
      ) : (
        <span className="truncate font-medium">{meta?.title}</span>
      )}
    </GridPart>
  );
}

/** The current width of an element in pixels; 0 before its first layout. */
function useElementWidth(element: RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(0);
  useLayoutEffect(() => {
    const target = element.current;
    if (target === null) return;
    setWidth(target.clientWidth);
    const observer = new ResizeObserver(() => setWidth(target.clientWidth));
    observer.observe(target);
    return () => observer.disconnect();
  }, [element]);
  return width;
}
