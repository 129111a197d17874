import { FlexRender } from "@tanstack/react-table";
import { memo } from "react";
import { GridPart } from "#components/ui/grid-part.tsx";
import { cn } from "#lib/cn.ts";
import { RowMenu } from "./row-menu.tsx";
import type { ImageTableRow } from "./table-features.ts";
import { UnreadableCell } from "./unreadable-cell.tsx";

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
