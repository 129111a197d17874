"use client";

import type { ImageListRow } from "@coppice/server/router";
import {
  columnVisibilityFeature,
  createColumnHelper,
  type Header,
  metaHelper,
  type Row,
  rowSortingFeature,
  tableFeatures,
} from "@tanstack/react-table";
import { SlidersHorizontal } from "lucide-react";
import Link from "next/link";
import { type ReactNode, useMemo } from "react";
import { StatusBadges, statusesOf } from "#components/image-status.tsx";
import { Button } from "#components/ui/button.tsx";
import {
  Menu,
  MenuCheckboxItem,
  MenuContent,
  MenuGroup,
  MenuLabel,
  MenuRadioGroup,
  MenuRadioItem,
  MenuSeparator,
  MenuTrigger,
} from "#components/ui/menu.tsx";
import { Bytes, SpecText, Time } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { formatCount } from "#lib/format.ts";
import { imageRef } from "#lib/links.ts";
import { usePreference, useStoredSet } from "#lib/preferences.ts";
import { formatPoolSpec } from "#lib/spec.ts";

/** Properties of a column besides its content. */
interface ImageColumnMeta {
  title: string;
  /** The track size in the CSS grid. */
  width: string;
  align?: "right";
  /** Adds a gap to the left, where the column before is aligned to the right. */
  indent?: true;
  /** The column is hidden when the table is narrower than this, in pixels. */
  minTableWidth: number;
}

/** The server sorts and filters. The table model only holds which columns exist and which are visible. */
export const imageTableFeatures = tableFeatures({
  columnVisibilityFeature,
  rowSortingFeature,
  columnMeta: metaHelper<ImageColumnMeta>(),
});

type Features = typeof imageTableFeatures;

export type ImageTableRow = Row<Features, ImageListRow>;
export type ImageTableHeader = Header<Features, ImageListRow, unknown>;

const columnHelper = createColumnHelper<Features, ImageListRow>();

const none = <span className="text-ink-3">–</span>;

function count(value: number): ReactNode {
  return value === 0 ? none : <span className="tabular-nums">{formatCount(value)}</span>;
}

/** The columns. The id of a sortable column is the name of the order in the API. */
export const imageColumns = columnHelper.columns([
  columnHelper.accessor("name", {
    id: "name",
    meta: { title: "Name", width: "minmax(11rem, 2fr)", minTableWidth: 0 },
    enableHiding: false,
    cell: ({ row }) => <NameCell row={row.original} />,
  }),
  columnHelper.display({
    id: "pool",
    meta: { title: "Pool", width: "minmax(6rem, 0.8fr)", minTableWidth: 720 },
    cell: ({ row: { original } }) => (
      <span className="truncate font-mono text-ink-2 text-xs">
        {formatPoolSpec(original.pool, original.namespace)}
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
    meta: { title: "Depth, parent", width: "minmax(11rem, 1.4fr)", indent: true, minTableWidth: 1000 },
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
    id: "status",
    meta: { title: "Status", width: "minmax(9.5rem, 1fr)", minTableWidth: 780 },
    enableSorting: false,
    cell: ({ row }) => (
      <span className="flex min-w-0 gap-1 overflow-hidden">
        <StatusBadges statuses={statusesOf(row.original)} labelled={1} />
      </span>
    ),
  }),
]);

/** The columns that the user can hide. */
const HIDEABLE = imageColumns.flatMap(({ id, meta, enableHiding }) =>
  id === undefined || meta === undefined || enableHiding === false ? [] : [{ id, title: meta.title }],
);

/** The name of the image as a link. It also shows the statuses as icons while the column of statuses is hidden. */
function NameCell({ row }: { row: ImageListRow }) {
  const links = useLinks();
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Link
        href={links.image(imageRef(row))}
        prefetch={false}
        tabIndex={-1}
        title={row.spec}
        className="truncate rounded-sm font-medium font-mono text-xs hover:underline"
      >
        <span className="font-normal text-ink-3 group-data-[pool=column]/table:hidden">
          {formatPoolSpec(row.pool, row.namespace)}/
        </span>
        {row.name}
      </Link>
      <span className="flex shrink-0 gap-1 group-data-[status=column]/table:hidden">
        <StatusBadges statuses={statusesOf(row)} labelled={0} />
      </span>
    </span>
  );
}

/** The height of a row, in pixels. */
export const ROW_HEIGHT = { comfortable: 40, compact: 30 } as const;

type Density = keyof typeof ROW_HEIGHT;

export function useDensity(): [Density, (density: Density) => void] {
  return usePreference<Density>("images.density", ["comfortable", "compact"]);
}

/** The columns that the user has hidden. */
function useHiddenColumns() {
  return useStoredSet("images.hidden");
}

/** Which columns are visible in a table of the given width: those that fit and that the user has not hidden. */
export function useColumnVisibility(tableWidth: number): Record<string, boolean> {
  const [hidden] = useHiddenColumns();
  return useMemo(
    () =>
      Object.fromEntries(
        imageColumns.map(({ id = "", meta }) => [
          id,
          !hidden.has(id) && tableWidth >= (meta?.minTableWidth ?? 0),
        ]),
      ),
    [hidden, tableWidth],
  );
}

/** The menu for the density and the columns of the table, which are stored in this browser. */
export function DisplayMenu() {
  const [density, setDensity] = useDensity();
  const [hidden, setHidden] = useHiddenColumns();
  return (
    <Menu>
      <MenuTrigger
        render={
          <Button
            variant="ghost"
            size="icon-sm"
            aria-label="Columns and density"
            title="Columns and density"
          />
        }
      >
        <SlidersHorizontal aria-hidden />
      </MenuTrigger>
      <MenuContent>
        <MenuRadioGroup value={density} onValueChange={setDensity}>
          <MenuLabel>Rows</MenuLabel>
          <MenuRadioItem value="comfortable" closeOnClick={false}>
            Comfortable
          </MenuRadioItem>
          <MenuRadioItem value="compact" closeOnClick={false}>
            Compact
          </MenuRadioItem>
        </MenuRadioGroup>
        <MenuSeparator />
        <MenuGroup>
          <MenuLabel>Columns</MenuLabel>
          {HIDEABLE.map(({ id, title }) => (
            <MenuCheckboxItem
              key={id}
              checked={!hidden.has(id)}
              onCheckedChange={(visible) => setHidden(id, !visible)}
              closeOnClick={false}
            >
              {title}
            </MenuCheckboxItem>
          ))}
        </MenuGroup>
      </MenuContent>
    </Menu>
  );
}
