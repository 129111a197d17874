import { ChevronRight, FoldVertical, UnfoldVertical } from "lucide-react";
import Link from "next/link";
import { memo } from "react";
import { StatusBadges, statusesOf } from "#components/image-status.tsx";
import { Button } from "#components/ui/button.tsx";
import { GridPart } from "#components/ui/grid.tsx";
import { Bytes } from "#components/values.tsx";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { cn } from "#lib/cn.ts";
import { formatCount } from "#lib/format.ts";
import { imageRef } from "#lib/links.ts";
import { formatPoolSpec } from "#lib/spec.ts";
import type { TreeRow } from "./model/expansion.ts";

/** The height of a row, in pixels. */
export const TREE_ROW_HEIGHT = 34;

/** The columns: image, snapshot, size, snapshots, clones, status. Narrow screens show image, size and clones only. */
const TREE_TRACKS =
  "grid grid-cols-[minmax(0,1fr)_5rem_4rem] md:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_5.5rem_5.5rem_5rem] lg:grid-cols-[minmax(0,2fr)_minmax(0,1fr)_6rem_6.5rem_6rem_minmax(11rem,1fr)]";

/** The classes of cells that narrow screens do not show. */
const FROM_MEDIUM = "max-md:hidden";
const FROM_LARGE = "max-lg:hidden";

const INDENT_REM = 1.25;

interface TreeRowViewProps {
  row: TreeRow;
  index: number;
  start: number;
  /** Whether the row takes the keyboard focus. */
  hasCursor: boolean;
  /** Whether the image is the selected one. */
  selected: boolean;
  onToggle: (key: string) => void;
  onSelect: (key: string) => void;
}

/** One image of the tree. */
export const TreeRowView = memo(function TreeRowView({
  row,
  index,
  start,
  hasCursor,
  selected,
  onToggle,
  onSelect,
}: TreeRowViewProps) {
  const links = useLinks();
  const { node, parent, level, posInSet, setSize, expanded } = row;
  const statuses = statusesOf(node);
  return (
    <GridPart
      role="row"
      data-row={index}
      tabIndex={hasCursor ? 0 : -1}
      aria-rowindex={index + 2}
      aria-level={level}
      aria-posinset={posInSet}
      aria-setsize={setSize}
      aria-expanded={expanded ?? undefined}
      aria-selected={selected}
      onClick={() => onSelect(node.key)}
      className={cn(
        TREE_TRACKS,
        "absolute inset-x-0 h-8.5 items-center border-line border-b px-2 hover:bg-hover focus-visible:-outline-offset-2 md:px-4",
        selected && "bg-brand-soft shadow-[inset_3px_0_0_var(--brand)] hover:bg-brand-soft",
      )}
      style={{ transform: `translateY(${start}px)` }}
    >
      <GridPart role="gridcell" aria-colindex={1} className="flex min-w-0 items-center gap-1 px-2">
        <Guides level={level} />
        {expanded === null ? (
          <span className="w-6 shrink-0" />
        ) : (
          <button
            type="button"
            tabIndex={-1}
            aria-label={`${expanded ? "Collapse" : "Expand"} ${node.spec}`}
            onClick={(event) => {
              event.stopPropagation();
              onToggle(node.key);
            }}
            className="flex size-6 shrink-0 items-center justify-center rounded text-ink-3 hover:bg-line hover:text-ink"
          >
            <ChevronRight
              aria-hidden
              className={cn("size-4 transition-transform duration-100", expanded && "rotate-90")}
            />
          </button>
        )}
        <Link
          href={links.image(imageRef(node))}
          prefetch={false}
          tabIndex={-1}
          // A selection would update the URL during the navigation, and so cancel the navigation.
          onClick={(event) => event.stopPropagation()}
          className="min-w-0 truncate rounded-sm text-xs hover:underline"
        >
          <span className="font-mono">
            <span className="text-ink-3 max-md:hidden">{formatPoolSpec(node.pool, node.namespace)}/</span>
            {node.name}
          </span>
        </Link>
        <span className="flex shrink-0 gap-1 lg:hidden">
          <StatusBadges statuses={statuses} labelled={0} />
        </span>
      </GridPart>
      <GridPart
        role="gridcell"
        aria-colindex={2}
        className={cn("truncate px-2 font-mono text-2xs text-ink-3", FROM_MEDIUM)}
      >
        {node.parentSnapshot !== null && `${parent?.name ?? ""}@${node.parentSnapshot}`}
      </GridPart>
      <GridPart role="gridcell" aria-colindex={3} className="px-2 text-right">
        {node.state === "ok" && <Bytes value={node.size} />}
      </GridPart>
      <GridPart role="gridcell" aria-colindex={4} className={cn("px-2 text-right tabular-nums", FROM_MEDIUM)}>
        {node.snapshots.length > 0 && formatCount(node.snapshots.length)}
      </GridPart>
      <GridPart role="gridcell" aria-colindex={5} className="px-2 text-right tabular-nums">
        {node.childCount > 0 && formatCount(node.childCount)}
      </GridPart>
      <GridPart
        role="gridcell"
        aria-colindex={6}
        className={cn("flex min-w-0 gap-1 overflow-hidden px-2", FROM_LARGE)}
      >
        <StatusBadges statuses={statuses} labelled={1} />
      </GridPart>
    </GridPart>
  );
});

/** Lines that connect a clone with its parent. */
function Guides({ level }: { level: number }) {
  if (level === 1) return null;
  const width = `${(level - 1) * INDENT_REM}rem`;
  return (
    <span
      aria-hidden
      className="-mr-1 h-8.5 shrink-0 bg-[linear-gradient(to_right,transparent_11px,var(--line-strong)_11px,var(--line-strong)_12px,transparent_12px)] bg-[length:1.25rem_100%]"
      style={{ width }}
    />
  );
}

const COLUMNS = [
  { title: "Image", style: "" },
  { title: "Cloned from", style: FROM_MEDIUM },
  { title: "Size", style: "justify-end" },
  { title: "Snapshots", style: cn("justify-end", FROM_MEDIUM) },
  { title: "Clones", style: "justify-end" },
  { title: "Status", style: FROM_LARGE },
] as const;

/** The column headers, and the buttons that expand and collapse everything. */
export function TreeHead({
  onExpandAll,
  onCollapseAll,
}: {
  onExpandAll: () => void;
  onCollapseAll: () => void;
}) {
  return (
    <GridPart
      role="row"
      aria-rowindex={1}
      className={cn(
        TREE_TRACKS,
        "sticky top-0 z-10 h-9 items-center border-line border-b bg-sunken px-2 md:px-4",
      )}
    >
      {COLUMNS.map(({ title, style }, index) => (
        <GridPart
          key={title}
          role="columnheader"
          aria-colindex={index + 1}
          className={cn("flex items-center gap-1 px-2 font-medium text-ink-3 text-xs", style)}
        >
          {title}
          {index === 0 && (
            <span className="ml-2 flex">
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label="Expand all"
                title="Expand all"
                onClick={onExpandAll}
              >
                <UnfoldVertical aria-hidden />
              </Button>
              <Button
                variant="ghost"
                size="icon-sm"
                aria-label="Collapse all"
                title="Collapse all"
                onClick={onCollapseAll}
              >
                <FoldVertical aria-hidden />
              </Button>
            </span>
          )}
        </GridPart>
      ))}
    </GridPart>
  );
}
