"use client";

import type { ImageListRow } from "@coppice/server/router";
import { useTable } from "@tanstack/react-table";
import { useRef } from "react";
import { GridPart } from "#components/ui/grid-part.tsx";
import { useElementWidth } from "#lib/use-element-width.ts";
import { imageColumns } from "./columns.tsx";
import type { ImageFilters, ImageSort, useImageFilters } from "./image-filters.ts";
import { SORTS } from "./image-filters.ts";
import { TableBody } from "./table-body.tsx";
import { imageTableFeatures } from "./table-features.ts";
import { TableHead } from "./table-head.tsx";
import { ROW_HEIGHT, useColumnVisibility, useDensity } from "./use-columns.ts";
import type { ImageList } from "./use-image-list.ts";

/** Room for the row's menu. */
const MENU_WIDTH = "2.5rem";

interface ImageTableProps {
  list: ImageList;
  rows: ImageListRow[];
  filters: ImageFilters;
  setFilters: ReturnType<typeof useImageFilters>[1];
}

/** Images as a grid of which only what is in sight is drawn. */
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

  return (
    <div
      ref={scroller}
      data-marks={columnVisibility.marks === true ? "column" : "inline"}
      data-place={columnVisibility.place === true ? "column" : "inline"}
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
          listKey={[filters.q, filters.kind, filters.place, filters.sort, filters.dir].join(" ")}
          activeKey={filters.row}
          onActiveChange={(key) => void setFilters({ row: key })}
          needMore={
            list.query.hasNextPage && !list.query.isFetching && !list.query.isError
              ? () => void list.query.fetchNextPage()
              : undefined
          }
        />
      </GridPart>
    </div>
  );
}
