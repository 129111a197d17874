/** The last check of one depth. */
interface PointCheck {
  readonly at: string;
  readonly ok: boolean;
}

/** What the history needs to know about a restore point. */
export interface HistoryPoint {
  readonly id: string;
  readonly chain: string;
  /** The point that this one builds on; null for one that describes everything. */
  readonly parent: string | null;
  readonly kind: "full" | "incremental";
  readonly pointAt: string;
  readonly state: "complete" | "removing";
  /** Retention keeps it, whatever the policy says. */
  readonly protected: boolean;
  readonly checks: Readonly<Record<"quick" | "deep" | "source", PointCheck | null>>;
  /** Why its data is not there as its record says; null when it is. */
  readonly problem: { readonly message: string } | null;
}

/**
 * - `ok`: as far as is known it can be restored.
 * - `missing`: its data is not there.
 * - `damaged`: a check found wrong data.
 * - `dependent`: it builds on a point that is missing or damaged, and no later deep check has found it whole.
 * - `removing`: its removal has begun.
 */
export type PointHealth = "ok" | "missing" | "damaged" | "dependent" | "removing";

export interface LanePoint<Point extends HistoryPoint> {
  readonly point: Point;
  /** Milliseconds since the epoch. */
  readonly time: number;
  readonly health: PointHealth;
  /** For `dependent`: the id of the point that is missing or damaged. */
  readonly cause: string | null;
}

/** A point that others build on and that is not in the target. */
export interface Hole {
  readonly id: string;
  /** The ids of the points that depend on it, oldest first. */
  readonly dependants: readonly string[];
  /** Between the point before it and the first that depends on it; the same time as the latter when there is none before. */
  readonly time: number;
}

export interface Lane<Point extends HistoryPoint> {
  readonly chain: string;
  /** Oldest first. */
  readonly points: readonly LanePoint<Point>[];
  readonly holes: readonly Hole[];
}

/** A lane for each chain, the one with the newest point first. Pure. */
export function layLanes<Point extends HistoryPoint>(points: readonly Point[]): Lane<Point>[] {
  const lanes = [...Map.groupBy(points, ({ chain }) => chain)].map(([chain, some]) => layLane(chain, some));
  const newest = ({ points: some }: Lane<Point>) => some.at(-1)?.time ?? 0;
  return lanes.sort((a, b) => newest(b) - newest(a));
}

function layLane<Point extends HistoryPoint>(chain: string, some: readonly Point[]): Lane<Point> {
  const timeOf = ({ pointAt }: Point) => new Date(pointAt).getTime();
  const sorted = some.toSorted((a, b) => timeOf(a) - timeOf(b));
  const byId = new Map(sorted.map((point) => [point.id, point]));
  const causes = new Map<string, string | null>();

  /** The id of the point, on the way to the beginning of the chain, because of which this one cannot be relied on. */
  const causeOf = (point: Point): string | null => {
    // A chain is a line of any length, so this is no recursion; a circle, which no target writes, ends at its beginning.
    const path: Point[] = [];
    const seen = new Set<string>();
    let cause: string | null = null;
    let at: Point | undefined = point;
    while (at !== undefined && !seen.has(at.id)) {
      const known = causes.get(at.id);
      if (known !== undefined) {
        cause = known;
        break;
      }
      seen.add(at.id);
      path.push(at);
      if (at.parent === null) break;
      const parent = byId.get(at.parent);
      if (parent === undefined) cause = at.parent;
      at = parent;
    }
    for (const each of path.toReversed()) {
      const own = ownFault(each);
      const parent: Point | undefined = each.parent === null ? undefined : byId.get(each.parent);
      const isWhole =
        own === null && parent !== undefined && isProvenSince(each, parent, byId.get(cause ?? ""));
      if (isWhole) cause = null;
      if (own !== null) cause = each.id;
      causes.set(each.id, cause);
    }
    return causes.get(point.id) ?? null;
  };

  const laid = sorted.map((point): LanePoint<Point> => {
    const fault = ownFault(point);
    const cause = causeOf(point);
    const isDependent = fault === null && cause !== null;
    const health = point.state === "removing" ? "removing" : (fault ?? (isDependent ? "dependent" : "ok"));
    return { point, time: timeOf(point), health, cause: isDependent ? cause : null };
  });
  return { chain, points: laid, holes: findHoles(laid, byId) };
}

/** What is wrong with the point itself. */
function ownFault({ problem, checks }: HistoryPoint): "missing" | "damaged" | null {
  if (problem !== null) return "missing";
  return Object.values(checks).some((check) => check?.ok === false) ? "damaged" : null;
}

/** Whether a deep check of the point found everything right after the damage of what it builds on was found. */
function isProvenSince(
  { checks: { deep } }: HistoryPoint,
  parent: HistoryPoint,
  faulty: HistoryPoint | undefined,
): boolean {
  if (deep === null || !deep.ok) return false;
  const source = faulty ?? parent;
  if (source.problem !== null) return false;
  const failed = Object.values(source.checks).filter((check) => check?.ok === false);
  return failed.length > 0 && failed.every((check) => check !== null && check.at < deep.at);
}

function findHoles<Point extends HistoryPoint>(
  laid: readonly LanePoint<Point>[],
  byId: ReadonlyMap<string, Point>,
): Hole[] {
  const holes: Hole[] = [];
  for (const [index, { point, time }] of laid.entries()) {
    const { parent } = point;
    if (parent === null || byId.has(parent) || holes.some(({ id }) => id === parent)) continue;
    const before = laid[index - 1];
    const dependants = dependantsOf(parent, laid);
    holes.push({ id: parent, dependants, time: before === undefined ? time : (before.time + time) / 2 });
  }
  return holes;
}

/** The ids of the points that build on one, directly or through others, oldest first. */
function dependantsOf<Point extends HistoryPoint>(id: string, laid: readonly LanePoint<Point>[]): string[] {
  const found = new Set([id]);
  for (const { point } of laid) {
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
 * ones, so that it stays in view at every zoom. Pure.
 */
export function gather<Point extends HistoryPoint>(
  points: readonly LanePoint<Point>[],
  xOf: (time: number) => number,
  gap: number,
): Cluster<Point>[] {
  const groups: LanePoint<Point>[][] = [];
  for (const each of points) {
    const group = groups.at(-1);
    const first = group?.[0];
    const fits =
      first !== undefined && xOf(each.time) - xOf(first.time) < gap && first.health === each.health;
    if (fits) group?.push(each);
    else groups.push([each]);
  }
  return groups.map((some) => {
    const sum = some.reduce((total, { time }) => total + xOf(time), 0);
    return { x: sum / some.length, points: some };
  });
}
