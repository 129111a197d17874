"use client";

import { ShieldCheck } from "lucide-react";
import { type ReactNode, useEffect, useRef } from "react";
import { GridPart, useGridRows } from "#components/ui/grid.tsx";
import { Badge } from "#components/ui/panel.tsx";
import { Bytes, Time } from "#components/values.tsx";
import { cn } from "#lib/cn.ts";
import { formatDuration } from "#lib/format.ts";
import type { LanePoint } from "./lanes.ts";
import { type DescribedPoint, FAULT, faultOf, KIND, KindMark, Verified } from "./point-facts.tsx";

const ROW_HEIGHT = 40;
const HEADER_HEIGHT = 36;

interface HistoryTableProps<Point extends DescribedPoint> {
  label: string;
  /** In the order of the rows. */
  points: readonly LanePoint<Point>[];
  selected: string | null;
  onSelect: (id: string) => void;
  onOpen: (id: string) => void;
  /** The last column: why retention keeps a point, and until when. */
  retention?: { title: string; of: (point: Point) => ReactNode } | undefined;
  className?: string;
}

/** The points of the picture as a table. Only the rows in view are rendered. */
export function HistoryTable<Point extends DescribedPoint>({
  label,
  points,
  selected,
  onSelect,
  onOpen,
  retention,
  className,
}: HistoryTableProps<Point>) {
  const scroller = useRef<HTMLDivElement>(null);
  const current = points.findIndex(({ point }) => point.id === selected);
  const { virtualizer, cursor, onKeyDown } = useGridRows({
    count: points.length,
    rowHeight: ROW_HEIGHT,
    keyAt: (index) => points[index]?.point.id,
    current,
    onCurrentChange: onSelect,
    onRowKey: (event) => {
      const id = points[cursor]?.point.id;
      if (event.key !== "Enter" || id === undefined) return false;
      onOpen(id);
      return true;
    },
    scroller,
  });

  // A point that was chosen in the picture is brought into view. A row that is in view stays where it is.
  useEffect(() => {
    const { current: box } = scroller;
    if (box === null || current < 0) return;
    const top = current * ROW_HEIGHT;
    const room = box.clientHeight - HEADER_HEIGHT - ROW_HEIGHT;
    if (top >= box.scrollTop && top <= box.scrollTop + room) return;
    box.scrollTo({ top: Math.max(0, top - room / 2) });
  }, [current]);

  return (
    <div
      ref={scroller}
      className={cn(
        "min-h-0 overflow-auto [--cells:1.5rem_minmax(11rem,1.2fr)_minmax(7.5rem,1fr)]",
        "md:[--cells:1.5rem_minmax(9rem,1.2fr)_6rem_5.5rem_5.5rem_5.5rem_minmax(11rem,1.4fr)]",
        retention !== undefined &&
          "xl:[--cells:1.5rem_minmax(9rem,1.2fr)_6rem_5.5rem_5.5rem_5.5rem_minmax(11rem,1.2fr)_minmax(9rem,1.4fr)]",
        className,
      )}
    >
      <GridPart role="grid" aria-label={label} aria-rowcount={points.length + 1} className="min-w-fit">
        <GridPart
          role="row"
          aria-rowindex={1}
          className="sticky top-0 z-[1] grid h-9 grid-cols-(--cells) items-center border-line border-b bg-sunken px-2 text-ink-3 text-xs md:px-3"
        >
          <Head>
            <span className="sr-only">State</span>
          </Head>
          <Head>Restore point</Head>
          <Head wide>Kind</Head>
          <Head right wide>
            Size
          </Head>
          <Head right wide>
            Stored
          </Head>
          <Head right wide>
            Duration
          </Head>
          <Head>Verified</Head>
          {retention !== undefined && <Head widest>{retention.title}</Head>}
        </GridPart>
        <GridPart
          role="rowgroup"
          className="relative"
          style={{ height: virtualizer.getTotalSize() }}
          onKeyDown={onKeyDown}
        >
          {virtualizer.getVirtualItems().map(({ index, start }) => {
            const each = points[index];
            if (each === undefined) return null;
            const { point } = each;
            const fault = faultOf(each);
            return (
              <GridPart
                key={point.id}
                role="row"
                data-row={index}
                tabIndex={index === cursor ? 0 : -1}
                aria-rowindex={index + 2}
                aria-selected={point.id === selected}
                onClick={() => onSelect(point.id)}
                onDoubleClick={() => onOpen(point.id)}
                className={cn(
                  "absolute inset-x-0 grid h-10 cursor-pointer grid-cols-(--cells) items-center border-line border-b px-2 hover:bg-hover focus-visible:-outline-offset-2 md:px-3",
                  point.id === selected && "bg-brand-soft hover:bg-brand-soft",
                )}
                style={{ transform: `translateY(${start}px)` }}
              >
                <Cell>
                  <KindMark each={each} />
                </Cell>
                <Cell>
                  <span className="truncate">
                    {point.at === null ? "Unknown time" : <Time at={point.at} show="absolute" />}
                  </span>
                  {point.protected && (
                    <ShieldCheck role="img" aria-label="Protected" className="size-3.5 shrink-0 text-info" />
                  )}
                </Cell>
                <Cell wide>{KIND[point.kind]}</Cell>
                <Cell right wide>
                  <Bytes value={point.size} />
                </Cell>
                <Cell right wide>
                  {point.storedBytes === null ? <Unknown /> : <Bytes value={point.storedBytes} />}
                </Cell>
                <Cell right wide>
                  {point.duration === null ? (
                    <Unknown />
                  ) : (
                    <span className="tabular-nums">{formatDuration(point.duration / 1000)}</span>
                  )}
                </Cell>
                <Cell>
                  {fault === null || each.health === "damaged" ? (
                    <Verified point={point} />
                  ) : (
                    <Badge tone={each.health === "removing" ? "neutral" : "danger"} title={fault}>
                      {FAULT[each.health]}
                    </Badge>
                  )}
                </Cell>
                {retention !== undefined && <Cell widest>{retention.of(point)}</Cell>}
              </GridPart>
            );
          })}
        </GridPart>
      </GridPart>
    </div>
  );
}

interface CellProps {
  children: ReactNode;
  right?: boolean;
  /** Not on a phone. */
  wide?: boolean;
  /** On a wide screen only. */
  widest?: boolean;
}

function style({ right, wide, widest }: Omit<CellProps, "children">) {
  return cn(
    "flex min-w-0 items-center gap-1.5 overflow-hidden px-1.5",
    right && "justify-end",
    wide && "max-md:hidden",
    widest && "max-xl:hidden",
  );
}

function Cell({ children, ...where }: CellProps) {
  return (
    <GridPart role="gridcell" className={style(where)}>
      {children}
    </GridPart>
  );
}

function Head({ children, ...where }: CellProps) {
  return (
    <GridPart role="columnheader" className={cn(style(where), "font-medium")}>
      {children}
    </GridPart>
  );
}

function Unknown() {
  return (
    <span className="text-ink-3">
      <span aria-hidden>–</span>
      <span className="sr-only">unknown</span>
    </span>
  );
}
