import { describe, expect, it } from "vitest";
import type { BackupRecord } from "../../../src/backup/backup-record.ts";
import { planPruning } from "../../../src/backup/prune-backups.ts";

const backup = (id: string, facts: Partial<BackupRecord> = {}) =>
  ({
    id,
    pointAt: `2026-03-0${id.slice(-1)}T12:00:00.000Z`,
    protected: false,
    state: "complete",
    source: { fsid: "f", poolId: 1, imageId: id[0] },
    checks: { quick: null, deep: null, source: null },
    ...facts,
  }) as BackupRecord;

const kept = (backups: readonly BackupRecord[], unusable: readonly string[] = []) =>
  Object.fromEntries(
    planPruning(backups, new Set(unusable), { keepLast: 1 }).map(({ point, reasons }) => [
      point.id,
      reasons.map(({ rule }) => rule),
    ]),
  );

const failed = { at: "2026-03-09T00:00:00.000Z", ok: false, bytes: 1, problems: ["x"], problemCount: 1 };

describe("planPruning", () => {
  it("decides about each image by itself, oldest first", () => {
    const decisions = planPruning([backup("a2"), backup("b1"), backup("a1")], new Set(), { keepLast: 1 });
    expect(decisions.map(({ point }) => point.id)).toEqual(["a1", "a2", "b1"]);
    expect(kept([backup("a2"), backup("b1"), backup("a1")])).toEqual({ a1: [], a2: ["last"], b1: ["last"] });
  });

  it("keeps a good backup where a newer one is damaged or its data is missing", () => {
    const damaged = backup("a2", { checks: { quick: null, deep: failed, source: null } });
    expect(kept([backup("a1"), damaged, backup("a3")], ["a3"])).toEqual({
      a1: ["last"],
      a2: ["not-restorable"],
      a3: ["not-restorable"],
    });
  });

  it("leaves out what is being removed already, and keeps what is protected", () => {
    const removing = backup("a3", { state: "removing" });
    expect(kept([backup("a1", { protected: true }), backup("a2"), removing])).toEqual({
      a1: ["protected"],
      a2: ["last"],
    });
  });
});
