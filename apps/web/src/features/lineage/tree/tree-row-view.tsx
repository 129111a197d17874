import { ChevronRight } from "lucide-react";
import Link from "next/link";
import { memo } from "react";
import { MarkBadges } from "#components/image/mark-badges.tsx";
import { GridPart } from "#components/ui/grid-part.tsx";
import { Bytes } from "#components/value/bytes.tsx";
import { cn } from "#lib/cn.ts";
import { formatCount } from "#lib/format/count.ts";
import { marksOf } from "#lib/image/marks.ts";
import { imageRef } from "#lib/image-ref.ts";
import { imageLink } from "#lib/links.ts";
import { formatPlace } from "#lib/spec/image-spec.ts";
import type { TreeRow } from "../model/flatten-tree.ts";
import { FROM_LARGE, FROM_MEDIUM, TREE_TRACKS } from "./tree-style.ts";

const INDENT_REM = 1.25;

interface TreeRowViewProps {
  row: TreeRow;
  index: number;
  start: number;
  /** It takes the focus of the keyboard. */
  active: boolean;
  /** It is the image in focus of the page. */
  selected: boolean;
  onToggle: (key: string) => void;
  onSelect: (key: string) => void;
}

/** One image of the tree. */
export const TreeRowView = memo(function TreeRowView({
  row,
  index,
  start,
  active,
  selected,
  onToggle,
  onSelect,
}: TreeRowViewProps) {
  const { node, parent, level, posInSet, setSize, expanded } = row;
  const marks = marksOf(node);
  return (
    <GridPart
      role="row"
      data-row={index}
      tabIndex={active ? 0 : -1}
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
            aria-label={`${expanded ? "Close" : "Open"} ${node.spec}`}
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
          href={imageLink(imageRef(node))}
          prefetch={false}
          tabIndex={-1}
          className="min-w-0 truncate rounded-sm text-xs hover:underline"
        >
          <span className="font-mono">
            <span className="text-ink-3 max-md:hidden">{formatPlace(node.pool, node.namespace)}/</span>
            {node.name}
          </span>
        </Link>
        <span className="flex shrink-0 gap-1 lg:hidden">
          <MarkBadges marks={marks} spelled={0} />
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
        <MarkBadges marks={marks} spelled={1} />
      </GridPart>
    </GridPart>
  );
});

/** Lines that lead the eye from a clone up to its parent. */
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
