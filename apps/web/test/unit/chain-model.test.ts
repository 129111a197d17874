import { describe, expect, test } from "vitest";
import {
  barScale,
  type ChainPoint,
  chunksInView,
  comparisonOf,
  heatParts,
  heatSummary,
  measureText,
  type PointSizes,
  toggleSelected,
} from "#features/chain/chain-model.ts";

const head: ChainPoint = { id: null, snapshot: null, size: 100, clones: [] };

function point(id: string, kind: "user" | "mirror" = "user"): ChainPoint {
  const snapshot = { name: `s${id}`, kind, protected: false, createdAt: "2026-03-01T00:00:00Z" };
  return { id, snapshot, size: 100, clones: [] };
}

describe("chunksInView", () => {
  const points = [head, ...Array.from({ length: 99 }, (_, index) => ({ id: String(99 - index) }))];

  test("asks for the points in view, in groups that begin at the oldest", () => {
    expect(chunksInView(points, 95, 99)).toEqual([
      Array.from({ length: 32 }, (_, index) => String(index + 1)),
    ]);
    expect(chunksInView(points, 0, 2)).toEqual([["97", "98", "99", null]]);
    expect(chunksInView(points, 0, 9).map((chunk) => chunk.length)).toEqual([32, 4]);
  });

  test("keeps the groups of old points when a snapshot is added", () => {
    const [before] = chunksInView(points, 95, 99);
    const [after] = chunksInView([head, { id: "100" }, ...points.slice(1)], 96, 100);
    expect(after).toEqual(before);
  });

  test("asks for nothing where there is nothing", () => {
    expect(chunksInView([], 0, 10)).toEqual([]);
    expect(chunksInView([head], 0, 500)).toEqual([[null]]);
  });
});

test("at most two points are selected, and a third takes the place of the first", () => {
  expect(toggleSelected(["1"], "head")).toEqual(["1", "head"]);
  expect(toggleSelected(["1", "head"], "2")).toEqual(["head", "2"]);
  expect(toggleSelected(["1", "head"], "1")).toEqual(["head"]);
});

test("the older of two points is compared with the newer, whichever was selected first", () => {
  const points = [head, point("5"), point("4", "mirror"), point("3")];
  expect(comparisonOf(points, ["head", "3"])).toMatchObject({
    from: { id: "3" },
    to: { id: null },
    problem: null,
  });
  expect(comparisonOf(points, ["5", "4"])?.problem).toMatch(/user snapshot/);
  expect(comparisonOf(points, ["5"])).toBeNull();
  expect(comparisonOf(points, ["5", "gone"])).toBeNull();
});

test("bars are measured against the greatest change, not against what was there at first", () => {
  const sized = (id: string | null, bytes: number | null): PointSizes => ({
    id,
    delta: bytes === null ? null : { bytes, accuracy: "exact" },
    freedIfRemoved: null,
  });
  const sizes = new Map([
    ["head", sized(null, 7)],
    ["2", sized("2", null)],
    ["1", sized("1", 5000)],
  ]);
  expect(barScale([head, point("2"), point("1")], sizes)).toBe(7);
  expect(barScale([head], new Map([["head", sized(null, 9)]]))).toBe(9);
});

test("an estimate is shown as an upper bound", () => {
  expect(measureText({ bytes: 2 ** 20, accuracy: "estimated" })).toBe("≤ 1 MiB");
  expect(measureText({ bytes: 2 ** 20, accuracy: "exact" })).toBe("1 MiB");
  expect(measureText({ bytes: 0, accuracy: "estimated" })).toBe("0 B");
});

test("the heat of a part is its changed share", () => {
  expect(heatParts([0, 1, 50, 100], 400)).toEqual([
    { start: 0, end: 100, changed: 0, level: 0 },
    { start: 100, end: 200, changed: 1, level: 1 },
    { start: 200, end: 300, changed: 50, level: 3 },
    { start: 300, end: 400, changed: 100, level: 5 },
  ]);
  expect(heatSummary([0, 0])).toBe("Nothing changed.");
  expect(heatSummary([0, 3])).toBe("Changes in 1 of 2 equal parts of the image.");
});
