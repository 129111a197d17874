"use client";

import type { SourceRow } from "@coppice/server/router";
import { ArrowDown, ArrowUp, CircleAlert, ShieldAlert, Unlink } from "lucide-react";
import Link from "next/link";
import { useRouter } from "next/navigation";
import { defaultRateLimit } from "nuqs";
import { type ReactNode, useEffect, useRef } from "react";
import { GridPart, useGridRows } from "#components/ui/grid.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Tooltip } from "#components/ui/popover.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { Bytes, SpecText, Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { cn } from "#lib/cn.ts";
import { formatCount, plural } from "#lib/format.ts";
import type { SetSourceFilters, SourceFilters, SourceList, SourceSort } from "./source-filters.tsx";

const ROW_HEIGHT = 40;

interface Column {
  id: string;
  title: string;
  /** What the server sorts by. */
  sort?: SourceSort;
  align?: "right";
  /** The width of the page from which on the column is shown. */
  from?: "md" | "lg" | "xl";
  cell: (row: SourceRow) => ReactNode;
}

const COLUMNS: readonly Column[] = [
  { id: "image", title: "Image", sort: "name", cell: (row) => <ImageCell row={row} /> },
  {
    id: "newest",
    title: "Newest backup",
    sort: "newest",
    cell: ({ newest }) =>
      newest === null ? (
        <span className="text-ink-3">Unknown</span>
      ) : (
        <Time at={newest} className="truncate" />
      ),
  },
  {
    id: "points",
    title: "Backups",
    sort: "points",
    align: "right",
    from: "md",
    cell: ({ points, chains }) => (
      <span className="tabular-nums">
        {formatCount(points)}
        {chains > 1 && <span className="text-ink-3"> in {plural(chains, "chain")}</span>}
      </span>
    ),
  },
  {
    id: "stored",
    title: "Stored",
    sort: "stored",
    align: "right",
    from: "md",
    cell: ({ storedBytes }) => <Bytes value={storedBytes} />,
  },
  {
    id: "verified",
    title: "Verified",
    sort: "verified",
    from: "lg",
    cell: ({ lastVerify }) =>
      lastVerify === null ? (
        <span className="text-ink-3">Not yet</span>
      ) : (
        <span className={cn("truncate", !lastVerify.ok && "text-danger")}>
          <Time at={lastVerify.at} /> <span className="text-ink-3">· {lastVerify.depth}</span>
        </span>
      ),
  },
  {
    id: "targets",
    title: "Target",
    from: "xl",
    cell: ({ targets }) => (
      <span className="truncate text-ink-2">{targets.map(({ name }) => name).join(", ")}</span>
    ),
  },
];

const SHOWN_FROM = { md: "max-md:hidden", lg: "max-lg:hidden", xl: "max-xl:hidden" } as const;

function cellStyle({ align, from }: Column): string {
  return cn(
    "flex min-w-0 items-center overflow-hidden px-2",
    align === "right" && "justify-end",
    from !== undefined && SHOWN_FROM[from],
  );
}

interface SourceTableProps {
  list: SourceList;
  rows: readonly SourceRow[];
  filters: SourceFilters;
  setFilters: SetSourceFilters;
}

/** The images with backups as an ARIA grid. Only the rows in view are rendered; pages are loaded as the user scrolls. */
export function SourceTable({ list: { query, last }, rows, filters, setFilters }: SourceTableProps) {
  const links = useLinks();
  const router = useRouter();
  const scroller = useRef<HTMLDivElement>(null);
  const count = last?.filtered ?? rows.length;
  const current = filters.row === "" ? -1 : rows.findIndex(({ key }) => key === filters.row);
  // An update of the URL during a navigation would cancel the navigation, so the current row is written to it first.
  const open = (key: string) =>
    void setFilters({ row: key }, { limitUrlUpdates: defaultRateLimit }).then(() =>
      router.push(links.backupHistory(key)),
    );
  const { virtualizer, cursor, goTo, onKeyDown } = useGridRows({
    count,
    rowHeight: ROW_HEIGHT,
    keyAt: (index) => rows[index]?.key,
    current,
    onCurrentChange: (key) => void setFilters({ row: key }),
    onRowKey: (event) => {
      const key = rows[cursor]?.key;
      if (event.key !== "Enter" || key === undefined) return false;
      open(key);
      return true;
    },
    scroller,
  });

  const lastShown = virtualizer.range?.endIndex ?? 0;
  const { hasNextPage, isFetching, isError, fetchNextPage } = query;
  useEffect(() => {
    const isWanted = lastShown >= rows.length - 1 && rows.length < count;
    if (isWanted && hasNextPage && !isFetching && !isError) void fetchNextPage();
  }, [lastShown, rows.length, count, hasNextPage, isFetching, isError, fetchNextPage]);

  // When the user returns to the page, the current row is scrolled into view and focused.
  useEffect(() => {
    if (current <= 0) return;
    virtualizer.scrollToIndex(current, { align: "center" });
    if (document.activeElement === document.body) goTo(current);
  }, []);

  return (
    <div
      ref={scroller}
      className={cn(
        "min-h-0 flex-1 overflow-auto border-line border-t bg-surface [--tracks:minmax(0,1.6fr)_minmax(0,1fr)]",
        "md:[--tracks:minmax(0,3fr)_minmax(0,1.3fr)_9rem_7rem] lg:[--tracks:minmax(0,3fr)_minmax(0,1.3fr)_9rem_7rem_minmax(0,1.4fr)]",
        "xl:[--tracks:minmax(0,3fr)_minmax(0,1.3fr)_9rem_7rem_minmax(0,1.4fr)_minmax(0,1.2fr)]",
      )}
    >
      <GridPart
        role="grid"
        aria-label="Images with backups"
        aria-rowcount={count + 1}
        aria-colcount={COLUMNS.length}
        aria-busy={isFetching}
      >
        <GridPart
          role="row"
          aria-rowindex={1}
          className="sticky top-0 z-10 grid h-9 grid-cols-(--tracks) items-stretch border-line border-b bg-sunken px-2 md:px-4"
        >
          {COLUMNS.map((column) => (
            <ColumnHead key={column.id} column={column} filters={filters} setFilters={setFilters} />
          ))}
        </GridPart>
        <GridPart
          role="rowgroup"
          className="relative"
          style={{ height: virtualizer.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const row = rows[index];
            return row === undefined ? (
              <div
                key={index}
                aria-hidden
                className="absolute inset-x-0 flex h-10 items-center border-line border-b px-4 md:px-6"
                style={{ transform: `translateY(${start}px)` }}
              >
                <Skeleton className="w-40" />
              </div>
            ) : (
              <GridPart
                key={row.key}
                role="row"
                data-row={index}
                tabIndex={index === cursor ? 0 : -1}
                aria-rowindex={index + 2}
                onFocus={() => row.key !== filters.row && void setFilters({ row: row.key })}
                onClickCapture={(event) => {
                  const isLink = event.target instanceof Element && event.target.closest("a") !== null;
                  const isPlain = !event.ctrlKey && !event.metaKey && !event.shiftKey && !event.altKey;
                  if (!isLink || !isPlain) return;
                  event.preventDefault();
                  open(row.key);
                }}
                className="absolute inset-x-0 grid h-10 grid-cols-(--tracks) items-center border-line border-b px-2 transition-colors duration-75 hover:bg-hover focus-visible:-outline-offset-2 md:px-4"
                style={{ transform: `translateY(${start}px)` }}
              >
                {COLUMNS.map((column, at) => (
                  <GridPart
                    key={column.id}
                    role={at === 0 ? "rowheader" : "gridcell"}
                    aria-colindex={at + 1}
                    className={cellStyle(column)}
                  >
                    {column.cell(row)}
                  </GridPart>
                ))}
              </GridPart>
            );
          })}
        </GridPart>
      </GridPart>
    </div>
  );
}

function ColumnHead({
  column,
  filters,
  setFilters,
}: {
  column: Column;
  filters: SourceFilters;
  setFilters: SetSourceFilters;
}) {
  const { title, sort, align } = column;
  const isSorted = sort !== undefined && sort === filters.sort;
  const order = isSorted ? (filters.dir === "asc" ? "ascending" : "descending") : "none";
  return (
    <GridPart
      role="columnheader"
      aria-sort={sort === undefined ? undefined : order}
      className={cn(cellStyle(column), "text-ink-3 text-xs")}
    >
      {sort === undefined ? (
        <span className="truncate font-medium">{title}</span>
      ) : (
        <button
          type="button"
          onClick={() => void setFilters({ sort, dir: isSorted && filters.dir === "asc" ? "desc" : "asc" })}
          className={cn(
            "-mx-1 flex h-6 min-w-0 items-center gap-1 rounded px-1 font-medium hover:text-ink",
            isSorted && "text-ink",
            align === "right" && "flex-row-reverse",
          )}
        >
          <span className="truncate">{title}</span>
          {isSorted && filters.dir === "asc" && <ArrowUp aria-hidden className="size-3.5 shrink-0" />}
          {isSorted && filters.dir === "desc" && <ArrowDown aria-hidden className="size-3.5 shrink-0" />}
        </button>
      )}
    </GridPart>
  );
}

/** The name of the image as a link to its history, and what is wrong with its backups. */
function ImageCell({ row }: { row: SourceRow }) {
  const links = useLinks();
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Link
        href={links.backupHistory(row.key)}
        prefetch={false}
        tabIndex={-1}
        className="min-w-0 truncate rounded-sm text-xs hover:underline"
      >
        <SpecText spec={row.image} className="truncate" />
      </Link>
      <SourceBadges row={row} />
    </span>
  );
}

/** What the user should know about the backups of an image. */
export function SourceBadges({ row }: { row: SourceRow }) {
  return (
    <span className="flex shrink-0 items-center gap-1">
      {row.holes > 0 && (
        <Mark
          tone="danger"
          icon={<CircleAlert aria-hidden />}
          label={`${formatCount(row.holes)} broken`}
          meaning={`${plural(row.holes, "backup")} cannot be restored, because data is missing or damaged.`}
        />
      )}
      {row.failedChecks > 0 && (
        <Mark
          tone="danger"
          icon={<ShieldAlert aria-hidden />}
          label={`${formatCount(row.failedChecks)} damaged`}
          meaning={`A verification found ${plural(row.failedChecks, "backup")} damaged. Make a new full backup.`}
        />
      )}
      {row.origin === "cinder" && (
        <Mark
          tone="info"
          label="Cinder"
          meaning="Another program, such as OpenStack Cinder, made these backups. They can be restored, and imported to be verified and extended here."
        />
      )}
      {row.origin === "coppice" && row.cluster !== null && row.imageKey === null && (
        <Mark
          tone="neutral"
          icon={<Unlink aria-hidden />}
          label="Image is gone"
          meaning="The image is no longer in its cluster. Its backups can be restored to a new image."
        />
      )}
    </span>
  );
}

function Mark({
  tone,
  icon,
  label,
  meaning,
}: {
  tone: "danger" | "info" | "neutral";
  icon?: ReactNode;
  label: string;
  meaning: string;
}) {
  return (
    <Tooltip label={meaning}>
      <Badge tone={tone}>
        {icon}
        {label}
      </Badge>
    </Tooltip>
  );
}
