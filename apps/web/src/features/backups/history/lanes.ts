/** The last check of one depth. */
interface PointCheck {
  readonly at: string;
  readonly ok: boolean;
}

/** What the history needs to know about a restore point. */
export interface HistoryPoint {
  readonly id: string;
  /** The point that this one builds on; null for one that describes everything. */
  readonly parent: string | null;
  readonly kind: "full" | "incremental";
  /** When it was taken; null when that is not known. */
  readonly at: string | null;
  readonly state: "complete" | "removing";
  /** Retention keeps it, whatever the policy says. */
  readonly protected: boolean;
  readonly checks: Readonly<Record<"quick" | "deep" | "source", PointCheck | null>>;
  /** Why its data is not there as its record says; empty when it is. */
  readonly problems: readonly { readonly message: string }[];
  /** The point because of which this one cannot be restored: it is missing or damaged. */
  readonly brokenBy: string | null;
}

/** The points that build on each other, oldest first. */
export interface HistoryChain<Point extends HistoryPoint> {
  readonly chain: string;
  readonly target: { readonly id: string; readonly name: string };
  readonly points: readonly Point[];
}

/**
 * - `ok`: as far as is known it can be restored.
 * - `missing`: its data is not there.
 * - `damaged`: a check found wrong data.
 * - `dependent`: it builds on a point that is missing or damaged.
 * - `removing`: its removal has begun.
 */
export type PointHealth = "ok" | "missing" | "damaged" | "dependent" | "removing";

export interface LanePoint<Point extends HistoryPoint> {
  readonly point: Point;
  /** Milliseconds since the epoch. Of a point without a time: that of its neighbour. */
  readonly time: number;
  readonly health: PointHealth;
}

/** A point that others build on and that is not in the target. */
export interface Hole {
  readonly id: string;
  /** The ids of the points that build on it, oldest first. */
  readonly dependants: readonly string[];
  /** Between the point before it and the first that builds on it; the same time as the latter when there is none before. */
  readonly time: number;
}

export interface Lane<Point extends HistoryPoint> {
  readonly key: string;
  readonly chain: HistoryChain<Point>;
  /** Oldest first. */
  readonly points: readonly LanePoint<Point>[];
  readonly holes: readonly Hole[];
}

/** A lane for each chain, the one with the newest point first. Chains without any time are left out. Pure. */
export function layLanes<Point extends HistoryPoint>(chains: readonly HistoryChain<Point>[]): Lane<Point>[] {
  const newest = ({ points }: Lane<Point>) => points.at(-1)?.time ?? 0;
  return chains
    .filter(({ points }) => points.some(({ at }) => at !== null))
    .map(layLane)
    .sort((a, b) => newest(b) - newest(a));
}

function layLane<Point extends HistoryPoint>(chain: HistoryChain<Point>): Lane<Point> {
  const timeOf = ({ at }: Point) => (at === null ? null : new Date(at).getTime());
  const firstKnown = chain.points.map(timeOf).find((time) => time !== null) ?? 0;
  const points: LanePoint<Point>[] = [];
  for (const point of chain.points) {
    const time = timeOf(point) ?? points.at(-1)?.time ?? firstKnown;
    points.push({ point, time, health: healthOf(point) });
  }
  points.sort((a, b) => a.time - b.time);
  return { key: `${chain.target.id}/${chain.chain}`, chain, points, holes: findHoles(points) };
}

/** Whether a point can be restored, as far as is known. */
export function healthOf({ state, problems, checks, brokenBy }: HistoryPoint): PointHealth {
  if (state === "removing") return "removing";
  if (problems.length > 0) return "missing";
  if (Object.values(checks).some((check) => check?.ok === false)) return "damaged";
  return brokenBy === null ? "ok" : "dependent";
}

function findHoles<Point extends HistoryPoint>(points: readonly LanePoint<Point>[]): Hole[] {
  const known = new Set(points.map(({ point }) => point.id));
  const holes: Hole[] = [];
  for (const [index, { point, time }] of points.entries()) {
    const { parent } = point;
    if (parent === null || known.has(parent) || holes.some(({ id }) => id === parent)) continue;
    const before = points[index - 1];
    holes.push({
      id: parent,
      dependants: dependantsOf(parent, points),
      time: before === undefined ? time : (before.time + time) / 2,
    });
  }
  return holes;
}

/** The ids of the points that build on one, directly or through others, oldest first. */
function dependantsOf<Point extends HistoryPoint>(id: string, points: readonly LanePoint<Point>[]): string[] {
  const found = new Set([id]);
  for (const { point } of points) {
    if (point.parent !== null && found.has(point.parent)) found.add(point.id);
  }
  return [...found].slice(1);
}

export type Move = "earlier" | "later" | "up" | "down" | "first" | "last";

/** The point that a key leads to: along its lane, or to the nearest in time of the lane above or below. Pure. */
export function movePoint<Point extends HistoryPoint>(
  lanes: readonly Lane<Point>[],
  id: string | null,
  move: Move,
): string | undefined {
  const row = lanes.findIndex(({ points }) => points.some(({ point }) => point.id === id));
  if (row < 0) return lanes[0]?.points.at(-1)?.point.id;
  const points = lanes[row]?.points ?? [];
  const column = points.findIndex(({ point }) => point.id === id);
  switch (move) {
    case "earlier":
      return points[column - 1]?.point.id;
    case "later":
      return points[column + 1]?.point.id;
    case "first":
      return points[0]?.point.id;
    case "last":
      return points.at(-1)?.point.id;
    default: {
      const other = lanes[row + (move === "up" ? -1 : 1)];
      const time = points[column]?.time ?? 0;
      return other && nearest(other.points, time)?.point.id;
    }
  }
}

function nearest<Point extends HistoryPoint>(
  points: readonly LanePoint<Point>[],
  time: number,
): LanePoint<Point> | undefined {
  const distance = (each: LanePoint<Point>) => Math.abs(each.time - time);
  return points.reduce<LanePoint<Point> | undefined>(
    (best, each) => (best === undefined || distance(each) < distance(best) ? each : best),
    undefined,
  );
}

/** Points that are drawn as one, because they would cover each other. */
export interface Cluster<Point extends HistoryPoint> {
  /** In pixels. */
  readonly x: number;
  /** Oldest first; at least one. */
  readonly points: readonly LanePoint<Point>[];
}

/**
 * Gathers the points of a lane that stand closer together than `gap` pixels. A faulty point is never gathered with good
 * ones, so that it stays in view at every zoom, nor one that `isMarked` with others. Pure.
 */
export function gather<Point extends HistoryPoint>(
  points: readonly LanePoint<Point>[],
  xOf: (time: number) => number,
  gap: number,
  isMarked: (point: Point) => boolean = () => false,
): Cluster<Point>[] {
  const groups: LanePoint<Point>[][] = [];
  for (const each of points) {
    const group = groups.at(-1);
    const first = group?.[0];
    const fits =
      first !== undefined &&
      xOf(each.time) - xOf(first.time) < gap &&
      first.health === each.health &&
      isMarked(first.point) === isMarked(each.point);
    if (fits) group?.push(each);
    else groups.push([each]);
  }
  return groups.map((some) => {
    const sum = some.reduce((total, { time }) => total + xOf(time), 0);
    return { x: sum / some.length, points: some };
  });
}
