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
import { MarkBadges, marksOf } from "#components/marks.tsx";
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
import { formatCount } from "#lib/format.ts";
import { imageLink, imageRef } from "#lib/links.ts";
import { usePreference, useStoredSet } from "#lib/preferences.ts";
import { formatPlace } from "#lib/spec.ts";

/** What a column says of itself besides what it shows. */
export interface ImageColumnMeta {
  title: string;
  /** A track of CSS grid. */
  width: string;
  align?: "right";
  /** Keeps its distance from a column of numbers to its left. */
  indent?: true;
  /** Left out when the table is narrower than this, in pixels. */
  minTableWidth: number;
}

/** The server sorts and filters; the table model only knows which columns there are and which are shown. */
export const imageTableFeatures = tableFeatures({
  columnVisibilityFeature,
  rowSortingFeature,
  columnMeta: metaHelper<ImageColumnMeta>(),
});

type Features = typeof imageTableFeatures;

export type ImageTableRow = Row<Features, ImageListRow>;
export type ImageTableHeader = Header<Features, ImageListRow, unknown>;

export const columnHelper = createColumnHelper<Features, ImageListRow>();

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

/** The image's name as a link; where the column of marks has no room, they stand here as icons. */
export function NameCell({ row }: { row: ImageListRow }) {
  return (
    <span className="flex min-w-0 items-center gap-2">
      <Link
        href={imageLink(imageRef(row))}
        prefetch={false}
        tabIndex={-1}
        title={row.spec}
        className="truncate rounded-sm font-medium font-mono text-xs hover:underline"
      >
        <span className="font-normal text-ink-3 group-data-[place=column]/table:hidden">
          {formatPlace(row.pool, row.namespace)}/
        </span>
        {row.name}
      </Link>
      <span className="flex shrink-0 gap-1 group-data-[marks=column]/table:hidden">
        <MarkBadges marks={marksOf(row)} spelled={0} />
      </span>
    </span>
  );
}

/** How high a row is, in pixels. */
export const ROW_HEIGHT = { comfortable: 40, compact: 30 } as const;

export type Density = keyof typeof ROW_HEIGHT;

export function useDensity(): [Density, (density: Density) => void] {
  return usePreference<Density>("images.density", ["comfortable", "compact"]);
}

/** Which columns the person has hidden. */
export function useHiddenColumns() {
  return useStoredSet("images.hidden");
}

/** What is shown in a table of this width: neither hidden by the person nor without room. */
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

/** How dense the table is and which columns it has. Kept in this browser. */
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
          <MenuLabel>Columns, where there is room</MenuLabel>
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
