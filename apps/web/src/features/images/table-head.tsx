import { ArrowDown, ArrowUp } from "lucide-react";
import { GridPart } from "#components/ui/grid-part.tsx";
import { cn } from "#lib/cn.ts";
import type { ImageTableHeader } from "./table-features.ts";

/** Titles of the columns; those that the server can sort by are buttons. */
export function TableHead({ headers }: { headers: readonly ImageTableHeader[] }) {
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
