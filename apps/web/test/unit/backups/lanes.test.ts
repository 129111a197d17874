import { expect, test } from "vitest";
import {
  gather,
  type HistoryChain,
  type HistoryPoint,
  layLanes,
  movePoint,
} from "#features/backups/history/lanes.ts";

const noChecks = { quick: null, deep: null, source: null };
const failed = { at: "2026-04-01T00:00:00.000Z", ok: false };

/** Point `n` of a chain, taken at noon of the day `n` and built on the one before. */
function point(n: number, changes: Partial<HistoryPoint> = {}): HistoryPoint {
  return {
    id: `p${n}`,
    parent: n === 1 ? null : `p${n - 1}`,
    kind: n === 1 ? "full" : "incremental",
    at: `2026-03-${String(n).padStart(2, "0")}T12:00:00.000Z`,
    state: "complete",
    protected: false,
    checks: noChecks,
    problems: [],
    brokenBy: null,
    ...changes,
  };
}

function chain(points: HistoryPoint[], name = "a"): HistoryChain<HistoryPoint> {
  return { chain: name, target: { id: "t", name: "backups" }, points };
}

test("the chain with the newest point is the first lane, and one without any time is none", () => {
  const lanes = layLanes([
    chain([1, 2, 3].map((n) => point(n))),
    chain([{ ...point(9), id: "q", parent: null }], "b"),
    chain([point(1, { at: null })], "c"),
  ]);
  expect(lanes.map((lane) => lane.chain.chain)).toEqual(["b", "a"]);
  expect(lanes[1]?.points.map((each) => each.point.id)).toEqual(["p1", "p2", "p3"]);
});

test("a point without a time stands with its neighbour", () => {
  const [lane] = layLanes([chain([point(1, { at: null }), point(2), point(3, { at: null })])]);
  const second = Date.parse("2026-03-02T12:00:00Z");
  expect(lane?.points.map(({ time }) => time)).toEqual([second, second, second]);
});

test("what is wrong with a point itself says more than what it builds on", () => {
  const [lane] = layLanes([
    chain([
      point(1),
      point(2, { problems: [{ message: "gone" }], brokenBy: "x" }),
      point(3, { brokenBy: "p2" }),
      point(4, { checks: { ...noChecks, quick: failed }, brokenBy: "p2" }),
      point(5, { state: "removing", brokenBy: "p4" }),
    ]),
  ]);
  expect(lane?.points.map(({ health }) => health)).toEqual([
    "ok",
    "missing",
    "dependent",
    "damaged",
    "removing",
  ]);
});

test("a point that is not there is a hole between its neighbours, with all that build on it", () => {
  const [lane] = layLanes([chain([1, 2, 4, 5].map((n) => point(n)))]);
  expect(lane?.holes).toEqual([
    { id: "p3", dependants: ["p4", "p5"], time: Date.parse("2026-03-03T12:00:00Z") },
  ]);
});

test("a hole before the first point stands at that point", () => {
  const [lane] = layLanes([chain([point(2), point(3)])]);
  expect(lane?.holes).toEqual([
    { id: "p1", dependants: ["p2", "p3"], time: Date.parse("2026-03-02T12:00:00Z") },
  ]);
});

test("keys move along a lane, and to the nearest point of another", () => {
  const others = [2, 5].map((n) => ({ ...point(n), id: `q${n}`, parent: null }));
  const lanes = layLanes([chain([1, 2, 3, 4, 6].map((n) => point(n))), chain(others, "b")]);
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
    chain([point(1), point(2), point(3), point(4, { problems: [{ message: "gone" }] }), point(9)]),
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
  const marked = gather(lane?.points ?? [], xOf, 10, ({ id }) => id === "p2");
  expect(marked.map(({ points }) => points.length)).toEqual([1, 1, 1, 1, 1]);
});
