"use client";

import { ShieldCheck, Trash2 } from "lucide-react";
import Link from "next/link";
import { memo, type ReactNode } from "react";
import { GridPart } from "#components/ui/grid.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Popover, PopoverContent, PopoverTrigger } from "#components/ui/popover.tsx";
import { Skeleton } from "#components/ui/progress.tsx";
import { SpecText, Time } from "#components/values.tsx";
import { ActionButtons, ActionMenu } from "#features/actions/action-controls.tsx";
import type { OfferedAction } from "#features/actions/image-actions.ts";
import { useLinks } from "#features/cluster/current-cluster.tsx";
import { cn } from "#lib/cn.ts";
import { formatCount, plural } from "#lib/format.ts";
import { imageRef } from "#lib/links.ts";
import { visibleName } from "#lib/spec.ts";
import { type ChainPoint, type Measure, measureInFull, measureText, type PointSizes } from "./chain-model.ts";

/** The columns of the rows and of the header; a narrow screen shows fewer. */
export const CHAIN_TRACKS =
  "grid-cols-[3.25rem_minmax(0,1fr)_5.5rem_2.25rem] md:grid-cols-[3.5rem_minmax(0,1.6fr)_6.5rem_minmax(8rem,1fr)_5.5rem_minmax(4rem,0.9fr)_7.5rem]";

export const CHAIN_ROW_HEIGHT = 44;

const KIND_LABEL = {
  group: "Group",
  mirror: "Mirror",
  trash: "In trash",
  unknown: "Unknown type",
} as const;

interface ChainRowProps {
  point: ChainPoint;
  /** Undefined while it is being measured. */
  sizes: PointSizes | undefined;
  /** The bytes that fill the bar. */
  scale: number;
  /** Index in the chain, from 0. */
  index: number;
  /** Distance from the top, in pixels. */
  start: number;
  hasCursor: boolean;
  selected: boolean;
  /** Whether the line to the row above, and to the row below, is between the two selected points. */
  between: { above: boolean; below: boolean };
  /** Whether there is a row below, or a parent. */
  below: boolean;
  modifiedAt: string | null;
  actions: readonly OfferedAction[];
  onToggle: () => void;
}

/** One point of the chain. */
export const ChainRow = memo(function ChainRow(props: ChainRowProps) {
  const { point, sizes, scale, index, start, hasCursor, selected, modifiedAt, actions, onToggle } = props;
  const { snapshot } = point;
  const name = snapshot === null ? "Current state" : visibleName(snapshot.name);
  const tabIndex = hasCursor ? 0 : -1;
  const at = snapshot?.createdAt ?? modifiedAt;
  return (
    <GridPart
      role="row"
      data-row={index}
      tabIndex={tabIndex}
      aria-rowindex={index + 2}
      aria-selected={selected}
      className={cn(
        "group/row absolute inset-x-0 grid items-center border-line border-b pr-2 transition-colors duration-75 hover:bg-hover focus-visible:-outline-offset-2",
        CHAIN_TRACKS,
        selected && "bg-brand-soft hover:bg-brand-soft",
      )}
      style={{ height: CHAIN_ROW_HEIGHT, transform: `translateY(${start}px)` }}
    >
      <GridPart role="gridcell" aria-colindex={1} className="relative flex h-full items-center pl-3">
        <input
          type="checkbox"
          tabIndex={tabIndex}
          checked={selected}
          onChange={onToggle}
          aria-label={`Compare ${name}`}
          className="size-3.5 accent-brand"
        />
        <Rail {...props} />
      </GridPart>
      <GridPart role="rowheader" aria-colindex={2} className="min-w-0 px-1">
        <span className="flex min-w-0 items-center gap-1.5">
          <span
            title={name}
            className={cn("truncate", snapshot === null ? "font-medium" : "font-mono text-xs")}
          >
            {name}
          </span>
          <PointBadges point={point} />
        </span>
        {at !== null && <Time at={at} className="block truncate text-2xs text-ink-3 md:hidden" />}
      </GridPart>
      <GridPart role="gridcell" aria-colindex={3} className="truncate px-1 text-ink-2 text-xs max-md:hidden">
        {at !== null && <Time at={at} />}
      </GridPart>
      <GridPart role="gridcell" aria-colindex={4} className="min-w-0 px-1">
        <DeltaBar sizes={sizes} scale={scale} />
      </GridPart>
      <GridPart role="gridcell" aria-colindex={5} className="px-1 text-right text-xs max-md:hidden">
        {snapshot === null ? (
          <span className="text-ink-3">–</span>
        ) : (
          <SizeText sizes={sizes} value={sizes?.freedIfRemoved} />
        )}
      </GridPart>
      <GridPart role="gridcell" aria-colindex={6} className="min-w-0 px-2 max-md:hidden">
        <Clones point={point} tabIndex={tabIndex} />
      </GridPart>
      <GridPart role="gridcell" aria-colindex={7} className="flex items-center justify-end gap-1">
        <span className="contents max-md:hidden">
          <ActionButtons
            size="sm"
            plain
            actions={actions.filter(
              ({ placement, disabledReason }) => placement === "primary" && disabledReason === null,
            )}
          />
        </span>
        {snapshot !== null && (
          <ActionMenu actions={actions} label={`More actions for snapshot ${name}`} tabIndex={tabIndex} />
        )}
      </GridPart>
    </GridPart>
  );
});

function PointBadges({ point: { snapshot } }: { point: ChainPoint }) {
  if (snapshot === null) return <Badge tone="brand">HEAD</Badge>;
  return (
    <>
      {snapshot.kind !== "user" && <Badge>{KIND_LABEL[snapshot.kind]}</Badge>}
      {snapshot.protected && (
        <Badge tone="info" title="Protected from removal">
          <ShieldCheck aria-hidden />
          <span className="max-lg:sr-only">Protected</span>
        </Badge>
      )}
    </>
  );
}

/** How much differs from the point before, as a number and a bar. */
function DeltaBar({ sizes, scale }: { sizes: PointSizes | undefined; scale: number }) {
  const delta = sizes?.delta ?? null;
  const share = delta === null || scale === 0 ? 0 : Math.min(1, delta.bytes / scale);
  return (
    <span className="flex flex-col items-end gap-1 text-xs md:flex-row md:items-center md:gap-2">
      <span className="w-full text-right md:w-18 md:shrink-0">
        <SizeText sizes={sizes} value={delta} />
      </span>
      <span
        aria-hidden
        className="h-1.5 w-full min-w-0 flex-1 overflow-hidden rounded-full bg-hover max-md:flex-none"
      >
        <span
          className={cn(
            "block h-full rounded-full",
            delta?.accuracy === "exact" ? "bg-brand" : "bg-brand/60",
          )}
          style={{ width: `${share * 100}%`, minWidth: share > 0 ? 2 : 0 }}
        />
      </span>
    </span>
  );
}

function SizeText({ sizes, value }: { sizes: PointSizes | undefined; value: Measure | null | undefined }) {
  if (sizes === undefined) return <Skeleton className="ml-auto h-3 w-12" />;
  if (value == null) {
    return (
      <span title="Not known: the object maps cannot be used" className="text-ink-3">
        unknown
      </span>
    );
  }
  return (
    <data value={value.bytes} title={measureInFull(value)} className="whitespace-nowrap tabular-nums">
      {measureText(value)}
    </data>
  );
}

const MOST_LISTED = 100;

/** The first clone, and the others behind a button. */
function Clones({
  point: { clones, snapshot },
  tabIndex,
}: {
  point: ChainPoint;
  tabIndex: 0 | -1;
}): ReactNode {
  const [first, ...others] = clones;
  if (first === undefined || snapshot === null) return null;
  return (
    <span className="flex min-w-0 items-center gap-1.5 text-xs">
      <CloneLink clone={first} tabIndex={tabIndex} />
      {others.length > 0 && (
        <Popover>
          <PopoverTrigger
            tabIndex={tabIndex}
            aria-label={`All ${formatCount(clones.length)} clones of ${visibleName(snapshot.name)}`}
            className="shrink-0 rounded border border-brand-line bg-brand-soft px-1 text-2xs text-brand hover:border-brand"
          >
            +{formatCount(others.length)}
          </PopoverTrigger>
          <PopoverContent title={`Clones of ${visibleName(snapshot.name)}`} className="w-72 p-2">
            <p className="px-1 pb-1 font-medium text-xs">{plural(clones.length, "clone")}</p>
            <ul className="flex max-h-72 flex-col gap-1 overflow-y-auto p-1 text-xs">
              {clones.slice(0, MOST_LISTED).map((clone) => (
                <li key={clone.key} className="flex min-w-0">
                  <CloneLink clone={clone} tabIndex={0} />
                </li>
              ))}
              {clones.length > MOST_LISTED && (
                <li className="text-ink-3">
                  and {formatCount(clones.length - MOST_LISTED)} more, in the tab Family
                </li>
              )}
            </ul>
          </PopoverContent>
        </Popover>
      )}
    </span>
  );
}

function CloneLink({ clone, tabIndex }: { clone: ChainPoint["clones"][number]; tabIndex: 0 | -1 }) {
  const links = useLinks();
  return (
    <Link
      href={links.image(imageRef(clone))}
      prefetch={false}
      tabIndex={tabIndex}
      title={clone.spec}
      className="flex min-w-0 items-center gap-1 rounded-sm hover:underline"
    >
      {clone.inTrash && <Trash2 aria-label="In trash:" className="size-3 shrink-0 text-ink-3" />}
      <SpecText spec={clone.spec} className="truncate" />
    </Link>
  );
}

/** The part of the rail beside one row: lines to the rows above and below, and the point. Decorative. */
function Rail({ point: { snapshot }, index, selected, between, below }: ChainRowProps) {
  return (
    <span aria-hidden className="pointer-events-none absolute inset-y-0 left-9 w-4">
      {index > 0 && (
        <span
          className={cn(
            "absolute top-0 left-[7px] h-1/2 w-0.5 bg-line-strong",
            // What is not in a snapshot yet.
            index === 1 &&
              "bg-[repeating-linear-gradient(var(--line-strong)_0_3px,transparent_3px_6px)] bg-transparent",
            between.above && "bg-brand",
          )}
        />
      )}
      {below && (
        <span
          className={cn(
            "absolute bottom-0 left-[7px] h-1/2 w-0.5 bg-line-strong",
            index === 0 &&
              "bg-[repeating-linear-gradient(var(--line-strong)_0_3px,transparent_3px_6px)] bg-transparent",
            between.below && "bg-brand",
          )}
        />
      )}
      <span
        className={cn(
          "absolute top-1/2 left-0.5 size-3 -translate-y-1/2 rounded-full border-2 border-brand bg-surface",
          snapshot === null && "left-px size-3.5 bg-brand ring-3 ring-brand-soft",
          snapshot !== null && snapshot.kind !== "user" && "border-line-strong bg-hover",
          selected && "bg-brand",
        )}
      />
    </span>
  );
}
