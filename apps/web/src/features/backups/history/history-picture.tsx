"use client";

import { Maximize2, ZoomIn, ZoomOut } from "lucide-react";
import { type KeyboardEvent, type ReactNode, useId, useMemo, useRef } from "react";
import { Button } from "#components/ui/button.tsx";
import { cn } from "#lib/cn.ts";
import { absoluteTime, plural } from "#lib/format.ts";
import {
  type Cluster,
  gather,
  type HistoryPoint,
  type Hole,
  type Lane,
  type LanePoint,
  type Move,
  movePoint,
  type PointHealth,
} from "./lanes.ts";
import { positionOf, type Tick, type TimeWindow, ticksOf } from "./time-axis.ts";
import { useTimeWindow, useWidth } from "./use-time-window.ts";

const LANE_HEIGHT = 64;
/** Where the line of a lane is, below its label. */
const LINE = 42;
/** The width of a point's mark with its room, in pixels. */
const MARK = 13;
/** Marks are drawn smaller down to this distance; closer points are drawn as one. */
const SMALLEST = 7.5;
/** The width of a mark for several points. */
const CLUSTER = 25;
/** Width of a tick with its label, in pixels. */
const TICK_WIDTH = 72;

interface HistoryPictureProps<Point extends HistoryPoint> {
  /** Accessible name. */
  label: string;
  lanes: readonly Lane<Point>[];
  /** Id of the selected point. */
  selected: string | null;
  onSelect: (id: string) => void;
  /** Opens a point: Enter, or a double click. */
  onOpen?: (id: string) => void;
  /** The name of a lane. */
  laneLabel: (lane: Lane<Point>) => ReactNode;
  /** What is said about a point on hover and by screen readers. */
  describe: (point: LanePoint<Point>) => string;
  /** Whether a retention that is being tried would remove the point. */
  isRemoved?: (point: Point) => boolean;
}

const MOVES: Record<string, Move> = {
  ArrowLeft: "earlier",
  ArrowRight: "later",
  ArrowUp: "up",
  ArrowDown: "down",
  Home: "first",
  End: "last",
};

/**
 * The restore points of an image on an axis of time, a lane for each chain: full backups are squares, incremental ones circles.
 * Points that would cover each other are drawn as one with their number.
 */
export function HistoryPicture<Point extends HistoryPoint>({
  label,
  lanes,
  selected,
  onSelect,
  onOpen,
  laneLabel,
  describe,
  isRemoved,
}: HistoryPictureProps<Point>) {
  const id = useId();
  const area = useRef<HTMLDivElement>(null);
  const width = useWidth(area);
  const times = useMemo(() => lanes.flatMap(({ points }) => points.map(({ time }) => time)), [lanes]);
  const chosen = useMemo(
    () => lanes.flatMap(({ points }) => points).find(({ point }) => point.id === selected) ?? null,
    [lanes, selected],
  );
  const view = useTimeWindow(times, chosen?.time ?? null, area, width);
  const ticks = useMemo(
    () => ticksOf(view.window, Math.max(2, Math.floor(width / TICK_WIDTH))),
    [view.window, width],
  );

  const onKeyDown = (event: KeyboardEvent) => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const move = MOVES[event.key];
    if (move !== undefined) {
      const next = movePoint(lanes, selected, move);
      if (next !== undefined) onSelect(next);
    } else if (event.key === "Enter" && selected !== null) onOpen?.(selected);
    else if (event.key === "+" || event.key === "=") view.zoomIn();
    else if (event.key === "-") view.zoomOut();
    else if (event.key === "0" || event.key === "f") view.showAll();
    else return;
    event.preventDefault();
  };

  return (
    <div className="relative">
      <div className="absolute top-0.5 right-1 z-10 flex rounded-md bg-surface/85">
        <ZoomButton label="Zoom in" icon={<ZoomIn aria-hidden />} onClick={view.zoomIn} />
        <ZoomButton
          label="Zoom out"
          icon={<ZoomOut aria-hidden />}
          onClick={view.zoomOut}
          isDisabled={view.isWhole}
        />
        <ZoomButton
          label="Show all of the time"
          icon={<Maximize2 aria-hidden />}
          onClick={view.showAll}
          isDisabled={view.isWhole}
        />
      </div>
      <div
        ref={area}
        role="listbox"
        aria-label={label}
        tabIndex={0}
        aria-activedescendant={chosen === null ? undefined : `${id}-selected`}
        onKeyDown={onKeyDown}
        {...view.handlers}
        className="max-h-[21rem] min-h-24 touch-pan-y select-none overflow-y-auto overflow-x-hidden focus-visible:-outline-offset-2"
      >
        <Axis ticks={ticks} window={view.window} width={width} />
        {width > 0 &&
          lanes.map((lane) => (
            <LaneRow
              key={lane.key}
              lane={lane}
              label={laneLabel(lane)}
              window={view.window}
              width={width}
              ticks={ticks}
              selected={selected}
              selectedId={`${id}-selected`}
              describe={describe}
              isRemoved={isRemoved}
              onSelect={onSelect}
              onOpen={onOpen}
              onSpread={view.show}
            />
          ))}
      </div>
      <p role="status" className="sr-only">
        {chosen === null ? "" : describe(chosen)}
      </p>
    </div>
  );
}

function ZoomButton({
  label,
  icon,
  onClick,
  isDisabled = false,
}: {
  label: string;
  icon: ReactNode;
  onClick: () => void;
  isDisabled?: boolean;
}) {
  return (
    <Button
      variant="ghost"
      size="icon-sm"
      aria-label={label}
      title={label}
      disabled={isDisabled}
      focusableWhenDisabled
      onClick={onClick}
    >
      {icon}
    </Button>
  );
}

/** The divisions of time, above all lanes. */
function Axis({ ticks, window, width }: { ticks: readonly Tick[]; window: TimeWindow; width: number }) {
  return (
    <div
      role="presentation"
      className="sticky top-0 z-[5] h-8 border-line border-b bg-surface text-2xs tabular-nums"
    >
      {ticks.map(({ at, label, isMajor }) => {
        const x = positionOf(at, window, width);
        // The buttons stand at the right end.
        if (x > width - 120) return null;
        return (
          <span
            key={at}
            aria-hidden
            className={cn(
              "absolute bottom-1 border-line-strong border-l pl-1 whitespace-nowrap",
              isMajor ? "font-medium text-ink-2" : "text-ink-3",
            )}
            style={{ left: x }}
          >
            {label}
          </span>
        );
      })}
    </div>
  );
}

interface LaneRowProps<Point extends HistoryPoint> {
  lane: Lane<Point>;
  label: ReactNode;
  window: TimeWindow;
  width: number;
  ticks: readonly Tick[];
  selected: string | null;
  /** The id of the element of the selected point. */
  selectedId: string;
  describe: (point: LanePoint<Point>) => string;
  isRemoved: ((point: Point) => boolean) | undefined;
  onSelect: (id: string) => void;
  onOpen: ((id: string) => void) | undefined;
  onSpread: (from: number, to: number) => void;
}

/** One chain. */
function LaneRow<Point extends HistoryPoint>(props: LaneRowProps<Point>) {
  const { lane, label, window, width, ticks, selected, onSpread } = props;
  const { selectedId, describe, isRemoved, onSelect, onOpen } = props;
  const xOf = (time: number) => positionOf(time, window, width);
  const visible = lane.points.filter(({ time }) => {
    const x = xOf(time);
    return x > -MARK && x < width + MARK;
  });
  const { clusters, scale } = fitMarks(visible, xOf, isRemoved);
  return (
    // biome-ignore lint/a11y/useSemanticElements: a group of options, for which HTML has no element outside of its own select
    <div
      role="group"
      aria-label={`Chain ${lane.chain.chain} in ${lane.chain.target.name}`}
      className="relative border-line border-b [contain-intrinsic-size:auto_64px] [content-visibility:auto] last:border-b-0"
      style={{ height: LANE_HEIGHT }}
    >
      <div className="pointer-events-none absolute top-1 left-2 z-[1] max-w-[calc(100%-1rem)] truncate text-2xs text-ink-3">
        {label}
      </div>
      <svg width={width} height={LANE_HEIGHT} className="block" role="presentation">
        {ticks.map(({ at, isMajor }) => (
          <line
            key={at}
            x1={xOf(at)}
            x2={xOf(at)}
            y1={0}
            y2={LANE_HEIGHT}
            className={isMajor ? "stroke-line-strong/60" : "stroke-line"}
          />
        ))}
        <LaneLine lane={lane} xOf={xOf} />
        {lane.holes.map((hole) => (
          <HoleMark key={hole.id} hole={hole} lane={lane} xOf={xOf} />
        ))}
        {clusters.map((cluster) => {
          const { points } = cluster;
          const [first] = points;
          const last = points.at(-1);
          if (first === undefined || last === undefined) return null;
          const current = points.find(({ point }) => point.id === selected);
          const isOne = points.length === 1;
          const text = isOne ? describe(first) : describeCluster(cluster, current && describe(current));
          return (
            <g
              key={first.point.id}
              role="option"
              id={current === undefined ? undefined : selectedId}
              aria-selected={current !== undefined}
              aria-label={text}
              onClick={() => {
                if (isOne) onSelect(first.point.id);
                else if (current === undefined) onSelect(last.point.id);
                else onSpread(first.time, last.time);
              }}
              onDoubleClick={() => isOne && onOpen?.(first.point.id)}
              className="cursor-pointer"
            >
              <title>{text}</title>
              <rect x={cluster.x - 12} y={LINE - 16} width={24} height={32} fill="transparent" />
              {current !== undefined && <SelectedMark cluster={cluster} />}
              {isOne ? (
                <PointMark
                  each={first}
                  x={cluster.x}
                  scale={scale}
                  isRemoved={isRemoved?.(first.point) ?? false}
                />
              ) : (
                <ClusterMark
                  cluster={cluster}
                  removed={points.filter(({ point }) => isRemoved?.(point)).length}
                />
              )}
            </g>
          );
        })}
      </svg>
    </div>
  );
}

/** Marks that do not cover each other: in full size, smaller, or one for several points. */
function fitMarks<Point extends HistoryPoint>(
  points: readonly LanePoint<Point>[],
  xOf: (time: number) => number,
  isRemoved: ((point: Point) => boolean) | undefined,
): { clusters: Cluster<Point>[]; scale: number } {
  const single = gather(points, xOf, SMALLEST, isRemoved);
  if (single.some(({ points: some }) => some.length > 1)) {
    return { clusters: gather(points, xOf, CLUSTER, isRemoved), scale: 1 };
  }
  const distances = single.map(({ x }, index) => x - (single[index - 1]?.x ?? Number.NEGATIVE_INFINITY));
  return { clusters: single, scale: Math.min(1, Math.max(SMALLEST, Math.min(...distances)) / MARK) };
}

function describeCluster<Point extends HistoryPoint>(
  { points }: Cluster<Point>,
  current: string | undefined,
): string {
  const [first, last] = [points[0], points.at(-1)];
  if (first === undefined || last === undefined) return "";
  const span = `${plural(points.length, "backup")} from ${absoluteTime(new Date(first.time))} to ${absoluteTime(new Date(last.time))}`;
  return current === undefined ? span : `${current} One of ${span}.`;
}

/** The line of a chain: dashed and red where what follows cannot be relied on. */
function LaneLine<Point extends HistoryPoint>({
  lane,
  xOf,
}: {
  lane: Lane<Point>;
  xOf: (time: number) => number;
}) {
  const segments: { from: number; to: number; isBroken: boolean }[] = [];
  for (const [index, { time, health }] of lane.points.entries()) {
    const before = lane.points[index - 1];
    if (before === undefined) continue;
    const isBroken = health === "dependent" || health === "missing";
    const last = segments.at(-1);
    if (last !== undefined && last.isBroken === isBroken) last.to = time;
    else segments.push({ from: before.time, to: time, isBroken });
  }
  return segments.map(({ from, to, isBroken }) => (
    <line
      key={from}
      x1={xOf(from)}
      x2={xOf(to)}
      y1={LINE}
      y2={LINE}
      strokeWidth={2}
      strokeDasharray={isBroken ? "4 3" : undefined}
      className={isBroken ? "stroke-danger" : "stroke-brand-line"}
    />
  ));
}

function HoleMark<Point extends HistoryPoint>({
  hole,
  lane,
  xOf,
}: {
  hole: Hole;
  lane: Lane<Point>;
  xOf: (time: number) => number;
}) {
  const isAtBeginning = lane.points[0]?.time === hole.time;
  const x = xOf(hole.time) - (isAtBeginning ? 20 : 0);
  return (
    <g className="stroke-danger" strokeWidth={1.5}>
      <title>{`A backup is missing here. ${plural(hole.dependants.length, "later backup")} built on it.`}</title>
      {isAtBeginning && <line x1={x} x2={x + 20} y1={LINE} y2={LINE} strokeWidth={2} strokeDasharray="4 3" />}
      <circle cx={x} cy={LINE} r={7} className="fill-danger-soft" strokeDasharray="3 2" />
      <path d={`M${x - 3} ${LINE - 3}l6 6m0-6l-6 6`} fill="none" />
    </g>
  );
}

function SelectedMark<Point extends HistoryPoint>({ cluster: { x, points } }: { cluster: Cluster<Point> }) {
  const half = points.length === 1 ? 9.5 : 8.5 + 3.5 * String(points.length).length;
  return (
    <rect
      x={x - half}
      y={LINE - 10}
      width={half * 2}
      height={20}
      rx={10}
      strokeWidth={2}
      className="fill-brand-soft stroke-ring"
    />
  );
}

const LOOK: Record<PointHealth, string> = {
  ok: "fill-brand stroke-brand",
  damaged: "fill-danger stroke-danger",
  missing: "fill-surface stroke-danger",
  dependent: "fill-surface stroke-danger [stroke-dasharray:2.5_1.5]",
  removing: "fill-surface stroke-ink-3",
};

/** The mark of one point: its shape says its kind, and its filling whether it can be relied on. */
export function PointMark<Point extends HistoryPoint>({
  each: { point, health },
  x,
  y = LINE,
  scale = 1,
  isRemoved = false,
}: {
  each: Pick<LanePoint<Point>, "point" | "health">;
  x: number;
  y?: number;
  scale?: number;
  isRemoved?: boolean;
}) {
  const look = isRemoved ? "fill-surface stroke-ink-3" : LOOK[health];
  return (
    <g transform={`translate(${x} ${y}) scale(${scale})`}>
      {point.kind === "full" ? (
        <rect x={-5.5} y={-5.5} width={11} height={11} rx={1.5} strokeWidth={1.5} className={look} />
      ) : (
        <circle r={4.75} strokeWidth={1.5} className={look} />
      )}
      {(health === "missing" || isRemoved) && (
        <path
          d="M-2.5 -2.5l5 5m0-5l-5 5"
          strokeWidth={1.5}
          fill="none"
          className={isRemoved ? "stroke-ink-3" : "stroke-danger"}
        />
      )}
      {health === "damaged" && !isRemoved && (
        <path d="M0 -3v3.5m0 1.5v1" strokeWidth={1.5} fill="none" className="stroke-surface" />
      )}
      <g transform="translate(0 11)">
        <CheckMark checks={point.checks} />
      </g>
      {point.protected && (
        <g transform="translate(0 -12)">
          <ProtectedMark />
        </g>
      )}
    </g>
  );
}

/** Below a point that was verified: one tick for a quick check, two for one that read everything. */
function CheckMark({ checks }: Pick<HistoryPoint, "checks">) {
  const isDeep = checks.deep?.ok === true || checks.source?.ok === true;
  if (!isDeep && checks.quick?.ok !== true) return null;
  const tick = (left: number) => `M${left} 0l1.8 1.8l3-3.4`;
  return (
    <path
      d={isDeep ? `${tick(-4.5)}${tick(-0.5)}` : tick(-2.5)}
      strokeWidth={1.3}
      fill="none"
      className="stroke-brand"
    />
  );
}

/** Above a point that retention keeps in any case. */
function ProtectedMark() {
  return (
    <path
      d="M-3.5 -3l3.5-1.5l3.5 1.5v3q0 2.5-3.5 4q-3.5-1.5-3.5-4z"
      strokeWidth={1.2}
      className="fill-info-soft stroke-info"
    />
  );
}

/** Points that would cover each other. */
function ClusterMark<Point extends HistoryPoint>({
  cluster: { x, points },
  removed,
}: {
  cluster: Cluster<Point>;
  removed: number;
}) {
  const text = String(points.length);
  const half = 5 + 3.5 * text.length;
  const isFull = points.some(({ point }) => point.kind === "full");
  const health = points[0]?.health ?? "ok";
  const isGood = health === "ok" && removed < points.length;
  return (
    <>
      <rect
        x={x - half}
        y={LINE - 7}
        width={half * 2}
        height={14}
        rx={isFull ? 2 : 7}
        strokeWidth={1.5}
        className={removed === points.length ? "fill-surface stroke-ink-3" : LOOK[health]}
      />
      <text
        x={x}
        y={LINE + 3.5}
        textAnchor="middle"
        className={cn(
          "pointer-events-none font-semibold text-[10px] tabular-nums",
          isGood || health === "damaged" ? "fill-on-brand" : "fill-ink-2",
        )}
      >
        {text}
      </text>
    </>
  );
}

const SAMPLE: HistoryPoint = {
  id: "",
  parent: null,
  kind: "incremental",
  at: null,
  state: "complete",
  protected: false,
  checks: { quick: null, deep: null, source: null },
  problems: [],
  brokenBy: null,
};
const FULL: HistoryPoint = { ...SAMPLE, kind: "full" };
const CHECKED = { at: "", ok: true };

/** What the marks mean. */
export function HistoryLegend({ withRemoved = false }: { withRemoved?: boolean }) {
  const items: [name: string, mark: ReactNode][] = [
    ["Full", <PointMark key="full" each={{ point: FULL, health: "ok" }} x={0} y={0} />],
    ["Incremental", <PointMark key="incremental" each={{ point: SAMPLE, health: "ok" }} x={0} y={0} />],
    ["Quick check", <CheckMark key="quick" checks={{ ...SAMPLE.checks, quick: CHECKED }} />],
    ["Deep check", <CheckMark key="deep" checks={{ ...SAMPLE.checks, deep: CHECKED }} />],
    ["Protected", <ProtectedMark key="protected" />],
    ["Damaged", <PointMark key="damaged" each={{ point: SAMPLE, health: "damaged" }} x={0} y={0} />],
    ["Missing", <PointMark key="missing" each={{ point: SAMPLE, health: "missing" }} x={0} y={0} />],
    [
      "Depends on a missing or damaged one",
      <PointMark key="dependent" each={{ point: SAMPLE, health: "dependent" }} x={0} y={0} />,
    ],
  ];
  if (withRemoved) {
    items.push([
      "Would be removed",
      <PointMark key="removed" each={{ point: SAMPLE, health: "ok" }} x={0} y={0} isRemoved />,
    ]);
  }
  return (
    <ul
      aria-label="Legend"
      className="flex flex-wrap gap-x-3.5 gap-y-1 border-line border-t px-3 py-2 text-2xs text-ink-3"
    >
      {items.map(([name, mark]) => (
        <li key={name} className="flex items-center gap-1">
          <svg width={16} height={16} viewBox="-8 -8 16 16" aria-hidden="true">
            {mark}
          </svg>
          {name}
        </li>
      ))}
    </ul>
  );
}
