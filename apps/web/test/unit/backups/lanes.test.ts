import { expect, test } from "vitest";
import { gather, type HistoryPoint, layLanes, movePoint } from "#features/backups/history/lanes.ts";

const check = (at: string, ok: boolean) => ({ at, ok });
const noChecks = { quick: null, deep: null, source: null };

/** Point `n` of a chain, taken at noon of the day `n` and built on the one before. */
function point(n: number, changes: Partial<HistoryPoint> = {}): HistoryPoint {
  return {
    id: `p${n}`,
    chain: "a",
    parent: n === 1 ? null : `p${n - 1}`,
    kind: n === 1 ? "full" : "incremental",
    pointAt: `2026-03-${String(n).padStart(2, "0")}T12:00:00.000Z`,
    state: "complete",
    protected: false,
    checks: noChecks,
    problem: null,
    ...changes,
  };
}

const healths = (points: readonly HistoryPoint[]) =>
  layLanes(points).flatMap((lane) => lane.points.map(({ point: { id }, health }) => `${id} ${health}`));

test("the points of a chain are a lane in the order of time, and the chain with the newest point comes first", () => {
  const other = { ...point(9), id: "q", chain: "b", parent: null };
  const lanes = layLanes([point(3), point(1), other, point(2)]);
  expect(lanes.map(({ chain }) => chain)).toEqual(["b", "a"]);
  expect(lanes[1]?.points.map((each) => each.point.id)).toEqual(["p1", "p2", "p3"]);
  expect(lanes[1]?.points.every(({ health }) => health === "ok")).toBe(true);
});

test("a point that is not there is a hole between its neighbours, on which all later points depend", () => {
  const [lane] = layLanes([point(1), point(2), point(4), point(5)]);
  expect(lane?.holes).toEqual([
    { id: "p3", dependants: ["p4", "p5"], time: Date.parse("2026-03-03T12:00:00Z") },
  ]);
  expect(lane?.points.map(({ health, cause }) => [health, cause])).toEqual([
    ["ok", null],
    ["ok", null],
    ["dependent", "p3"],
    ["dependent", "p3"],
  ]);
});

test("a hole before the first point stands at that point", () => {
  const [lane] = layLanes([point(2), point(3)]);
  expect(lane?.holes).toEqual([
    { id: "p1", dependants: ["p2", "p3"], time: Date.parse("2026-03-02T12:00:00Z") },
  ]);
});

test("what builds on missing or damaged data depends on the nearest of them", () => {
  const points = [
    point(1),
    point(2, { problem: { message: "gone" } }),
    point(3),
    point(4, { checks: { ...noChecks, quick: check("2026-04-01T00:00:00.000Z", false) } }),
    point(5),
  ];
  expect(healths(points)).toEqual(["p1 ok", "p2 missing", "p3 dependent", "p4 damaged", "p5 dependent"]);
  expect(layLanes(points)[0]?.points.map(({ cause }) => cause)).toEqual([null, null, "p2", null, "p4"]);
});

test("a point that was read in full and found whole after the damage was found is all right, and so is what builds on it", () => {
  const damaged = point(1, { checks: { ...noChecks, deep: check("2026-04-02T00:00:00.000Z", false) } });
  const before = { checks: { ...noChecks, deep: check("2026-04-01T00:00:00.000Z", true) } };
  const since = { checks: { ...noChecks, deep: check("2026-04-03T00:00:00.000Z", true) } };
  expect(healths([damaged, point(2, before), point(3)])).toEqual([
    "p1 damaged",
    "p2 dependent",
    "p3 dependent",
  ]);
  expect(healths([damaged, point(2, since), point(3)])).toEqual(["p1 damaged", "p2 ok", "p3 ok"]);
  expect(healths([damaged, point(2), point(3, since)])).toEqual(["p1 damaged", "p2 dependent", "p3 ok"]);
});

test("a chain of 10,000 points, and one that names itself as its parent, are laid out", () => {
  const long = Array.from({ length: 10_000 }, (_, n) => ({
    ...point(1),
    id: `p${n}`,
    parent: n === 0 ? "lost" : `p${n - 1}`,
    pointAt: new Date(n * 1000).toISOString(),
  }));
  expect(layLanes(long)[0]?.holes[0]?.dependants).toHaveLength(10_000);
  expect(healths([{ ...point(1), parent: "p1" }])).toEqual(["p1 ok"]);
});

test("keys move along a lane, and to the nearest point of another", () => {
  const others = [2, 5].map((n) => ({ ...point(n), id: `q${n}`, chain: "b", parent: null }));
  const lanes = layLanes([...[1, 2, 3, 4, 6].map((n) => point(n)), ...others]);
  expect(movePoint(lanes, "p2", "later")).toBe("p3");
  expect(movePoint(lanes, "p1", "earlier")).toBeUndefined();
  expect(movePoint(lanes, "p2", "first")).toBe("p1");
  expect(movePoint(lanes, "p2", "last")).toBe("p6");
  expect(movePoint(lanes, "p4", "down")).toBe("q5");
  expect(movePoint(lanes, "q2", "up")).toBe("p2");
  expect(movePoint(lanes, "q2", "down")).toBeUndefined();
  expect(movePoint(lanes, null, "later")).toBe("p6");
});

test("points that would cover each other are gathered, faulty ones apart from good ones", () => {
  const [lane] = layLanes([
    point(1),
    point(2),
    point(3),
    point(4, { problem: { message: "gone" } }),
    point(9),
  ]);
  const day = 24 * 60 * 60 * 1000;
  const xOf = (time: number) => ((time - Date.parse("2026-03-01T12:00:00Z")) / day) * 4;
  const shown = gather(lane?.points ?? [], xOf, 10).map(({ x, points }) => [x, points.length]);
  expect(shown).toEqual([
    [4, 3],
    [12, 1],
    [32, 1],
  ]);
  expect(gather(lane?.points ?? [], (time) => xOf(time) * 100, 10)).toHaveLength(5);
});
