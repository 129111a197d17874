import type { ReactNode } from "react";
import { MarkBadges } from "#components/image/mark-badges.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { SpecText } from "#components/value/spec-text.tsx";
import { Time } from "#components/value/time.tsx";
import { formatCount } from "#lib/format/count.ts";
import { marksOf } from "#lib/image/marks.ts";
import { formatPlace } from "#lib/spec/image-spec.ts";
import { NameCell } from "./name-cell.tsx";
import { columnHelper } from "./table-features.ts";

const none = <span className="text-ink-3">–</span>;

function count(value: number): ReactNode {
  return value === 0 ? none : <span className="tabular-nums">{formatCount(value)}</span>;
}

/** The columns. The id of one that can be sorted by is what the server calls that order. */
export const imageColumns = columnHelper.columns([
  columnHelper.accessor("name", {
    id: "name",
    meta: { title: "Name", width: "minmax(11rem, 2fr)", minTableWidth: 0 },
    enableHiding: false,
    cell: ({ row }) => <NameCell row={row.original} />,
  }),
  columnHelper.display({
    id: "place",
    meta: { title: "Pool", width: "minmax(6rem, 0.8fr)", minTableWidth: 720 },
    cell: ({ row: { original } }) => (
      <span className="truncate font-mono text-ink-2 text-xs">
        {formatPlace(original.pool, original.namespace)}
      </span>
    ),
  }),
  columnHelper.accessor("size", {
    id: "size",
    meta: { title: "Size", width: "5.5rem", align: "right", minTableWidth: 340 },
    cell: ({ row }) => <Bytes value={row.original.size} />,
  }),
  columnHelper.accessor("snapshotCount", {
    id: "snapshots",
    meta: { title: "Snapshots", width: "6.5rem", align: "right", minTableWidth: 620 },
    cell: ({ row }) => count(row.original.snapshotCount),
  }),
  columnHelper.accessor("childCount", {
    id: "children",
    meta: { title: "Clones", width: "5.25rem", align: "right", minTableWidth: 560 },
    cell: ({ row }) => count(row.original.childCount),
  }),
  columnHelper.accessor("depth", {
    id: "depth",
    meta: { title: "Depth and parent", width: "minmax(11rem, 1.4fr)", indent: true, minTableWidth: 1000 },
    cell: ({ row: { original } }) =>
      original.parentSpec === null ? (
        <span className="pl-4 text-ink-3">–</span>
      ) : (
        <span className="flex min-w-0 items-baseline gap-2.5 pl-4">
          <span className="shrink-0 text-ink-3 text-xs tabular-nums">{original.depth}</span>
          <SpecText spec={original.parentSpec} className="truncate text-xs" />
        </span>
      ),
  }),
  columnHelper.accessor("createdAt", {
    id: "created",
    meta: { title: "Created", width: "8rem", minTableWidth: 860 },
    cell: ({ row }) =>
      row.original.createdAt === null ? none : <Time at={row.original.createdAt} className="text-ink-2" />,
  }),
  columnHelper.display({
    id: "marks",
    meta: { title: "Marks", width: "minmax(9.5rem, 1fr)", minTableWidth: 780 },
    enableSorting: false,
    cell: ({ row }) => (
      <span className="flex min-w-0 gap-1 overflow-hidden">
        <MarkBadges marks={marksOf(row.original)} spelled={1} />
      </span>
    ),
  }),
]);

/** Columns that may be hidden, for the menu. */
export const HIDEABLE = imageColumns.flatMap(({ id, meta, enableHiding }) =>
  id === undefined || meta === undefined || enableHiding === false ? [] : [{ id, title: meta.title }],
);
