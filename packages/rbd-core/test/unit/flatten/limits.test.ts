import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextJobs } from "../../../src/flatten/flatten-queue.ts";
import { checkDepthLimits, evaluateDepth, evaluateSnapshots } from "../../../src/flatten/limits.ts";
import type { SnapshotKind, SnapshotRow } from "../../../src/inventory/rows.ts";

describe("evaluateDepth", () => {
  it.each([
    [0, "none", "it has 0 images above it, fewer than the soft limit of 4"],
    [1, "none", "it has 1 image above it, fewer than the soft limit of 4"],
    [3, "none", "it has 3 images above it, fewer than the soft limit of 4"],
    [4, "flatten-later", "it has 4 images above it, and the soft limit is 4"],
    [7, "flatten-later", "it has 7 images above it, and the soft limit is 4"],
    [8, "flatten-first", "it has 8 images above it, and the hard limit is 8"],
    [16, "flatten-first", "it has 16 images above it, and the hard limit is 8"],
  ])("at depth %i says %s", (depth, action, reason) => {
    expect(evaluateDepth(depth)).toEqual({ action, reason });
  });

  it("applies the hard limit when both are the same", () => {
    expect(evaluateDepth(2, { soft: 2, hard: 2 }).action).toBe("flatten-first");
    expect(evaluateDepth(1, { soft: 2, hard: 2 }).action).toBe("none");
  });
});

describe("checkDepthLimits", () => {
  it.each([
    [0, 8],
    [5, 4],
    [1.5, 4],
    [4, Number.NaN],
  ])("refuses soft %d and hard %d", (soft, hard) => {
    expect(() => checkDepthLimits({ soft, hard })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });

  it("takes equal limits", () => {
    expect(() => checkDepthLimits({ soft: 1, hard: 1 })).not.toThrow();
  });
});

describe("evaluateSnapshots", () => {
  const row = (id: number, kind: SnapshotKind): SnapshotRow => ({
    id: BigInt(id),
    name: `s${id}`,
    size: 0,
    kind,
    protected: false,
    createdAt: new Date(0),
  });
  const limits = { soft: 3, hard: 5 };

  it("accepts as many snapshots as the soft limit", () => {
    expect(evaluateSnapshots([row(1, "trash"), row(2, "user"), row(3, "user")], limits)).toEqual({
      action: "none",
      release: [],
    });
  });

  it("releases the oldest removed ones, as many as there are too many", () => {
    const rows = [row(5, "trash"), row(4, "user"), row(3, "trash"), row(2, "user"), row(1, "trash")];
    const verdict = evaluateSnapshots(rows, limits);
    expect(verdict.action).toBe("flatten-later");
    expect(verdict.release.map(({ id }) => id)).toEqual([1n, 3n]);
  });

  it("never releases the user's own snapshots, even when that leaves too many", () => {
    const verdict = evaluateSnapshots(
      Array.from({ length: 6 }, (_, index) => row(index, "user")),
      limits,
    );
    expect(verdict).toEqual({ action: "flatten-first", release: [] });
  });
});

describe("nextJobs", () => {
  const job = (pool: string, urgency: "first" | "later" = "later") => ({ pool, urgency });

  it("does not delay a pool because another one is full", () => {
    const waiting = [job("a"), job("a"), job("b")];
    expect(nextJobs(waiting, new Map(), { total: 4, perPool: 1 })).toEqual([waiting[0], waiting[2]]);
  });

  it("starts urgent ones first", () => {
    const waiting = [job("a"), job("a", "first")];
    expect(nextJobs(waiting, new Map(), { total: 1, perPool: 1 })).toEqual([waiting[1]]);
  });

  it("starts nothing in a pool with a limit of 0", () => {
    expect(nextJobs([job("a", "first")], new Map(), { total: 4, perPool: 1, pools: { a: 0 } })).toEqual([]);
  });

  it("never exceeds a limit, and leaves no job waiting that could start", () => {
    const pool = fc.constantFrom("a", "b", "c");
    const waiting = fc.array(
      fc.record({ pool, urgency: fc.constantFrom("first" as const, "later" as const) }),
    );
    const running = fc.dictionary(pool, fc.nat(3)).map((counts) => new Map(Object.entries(counts)));
    fc.assert(
      fc.property(waiting, running, fc.nat(8), fc.nat(3), (jobs, active, total, perPool) => {
        const started = nextJobs(jobs, active, { total, perPool });
        const count = (name: string) =>
          (active.get(name) ?? 0) + started.filter((one) => one.pool === name).length;
        const all = ["a", "b", "c"].reduce((sum, name) => sum + count(name), 0);
        if (started.length > 0) expect(all).toBeLessThanOrEqual(total);
        for (const { pool: name } of started) expect(count(name)).toBeLessThanOrEqual(perPool);
        for (const left of jobs.filter((one) => !started.includes(one))) {
          expect(all >= total || count(left.pool) >= perPool).toBe(true);
        }
      }),
    );
  });
});
