import { describe, expect, it } from "vitest";
import { decideKind, type ParentFacts } from "../../../src/backup/backup-image.ts";
import { digestPath } from "../../../src/backup/chain-digests.ts";
import { groupChains } from "../../../src/backup/list-backups.ts";
import { CoppiceError } from "../../../src/errors/index.ts";
import { record } from "./records.ts";

const parent = record();
const facts: ParentFacts = {
  parent,
  points: [parent],
  snapshots: [{ id: 9n, name: parent.source.snapshot.name }],
  problem: null,
};
const check = { at: "2026-01-02T03:04:05.678Z", ok: false, bytes: 1, problems: ["x"], problemCount: 1 };
const damaged = record({ id: "older", checks: { quick: null, deep: check, source: null } });

const obstacles: readonly (readonly [reason: string, facts: ParentFacts])[] = [
  ["source-snapshot-missing", { ...facts, snapshots: [] }],
  ["source-snapshot-replaced", { ...facts, snapshots: [{ id: 10n, name: parent.source.snapshot.name }] }],
  ["parent-missing", { ...facts, problem: { reason: "parent-missing", what: "there is no image" } }],
  ["parent-missing", { ...facts, points: [parent, record({ id: "newer" })] }],
  ["digests-missing", { ...facts, problem: { reason: "digests-missing", what: "they are gone" } }],
  ["parent-damaged", { ...facts, points: [damaged, parent] }],
];

describe("decideKind", () => {
  it("is full when that is asked for, or when there is nothing to build on", () => {
    expect(decideKind({ kind: "full" }, facts)).toMatchObject({ kind: "full", reason: "requested" });
    expect(decideKind({ kind: "auto" }, null)).toMatchObject({ kind: "full", reason: "first" });
  });

  it("is incremental where that is possible", () => {
    expect(decideKind({ kind: "auto" }, facts)).toMatchObject({ kind: "incremental", reason: "extended" });
    expect(decideKind({ kind: "incremental" }, facts)).toMatchObject({
      kind: "incremental",
      reason: "requested",
    });
  });

  it.each(obstacles)("says %s where it is not, or refuses", (reason, given) => {
    const decided = decideKind({ kind: "auto" }, given);
    expect(decided).toMatchObject({ kind: "full", reason });
    expect(decided.why).not.toBe("");
    const refusal = expect.objectContaining({ code: "NOT_A_COPY" });
    expect(() => decideKind({ kind: "incremental" }, given)).toThrow(refusal);
    expect(() => decideKind({ kind: "auto", refuseBrokenChain: true }, given)).toThrow(refusal);
  });

  it("begins a new chain when the old one is long enough, which is nothing to refuse", () => {
    const request = { kind: "auto", maximumPoints: 1, refuseBrokenChain: true } as const;
    expect(decideKind(request, facts)).toMatchObject({ kind: "full", reason: "chain-full" });
    expect(decideKind({ ...request, maximumPoints: 2 }, facts)).toMatchObject({ kind: "incremental" });
  });
});

describe("digestPath", () => {
  const [first, second, third] = [
    record({ id: "a" }),
    record({ id: "b", parent: "a" }),
    record({ id: "c", parent: "b" }),
  ];

  it("leads from the last backup without a parent", () => {
    expect(digestPath([third, first, second], third)).toEqual([first, second, third]);
    expect(digestPath([third, { ...second, parent: null }], third).map(({ id }) => id)).toEqual(["b", "c"]);
  });

  it("is not there when a parent is missing, or comes twice", () => {
    expect(() => digestPath([third, first], third)).toThrow(expect.objectContaining({ code: "NOT_FOUND" }));
    expect(() => digestPath([{ ...second, parent: "c" }, third], third)).toThrow(
      expect.objectContaining({ code: "NOT_FOUND" }),
    );
  });
});

describe("groupChains", () => {
  it("gives chains in order, oldest backup first, each with its problems", () => {
    const [a, b] = [record({ id: "a", snapshotId: 10 }), record({ id: "b", snapshotId: 9 })];
    const other = record({ id: "c", chain: "other", source: { ...a.source, imageName: "app" } });
    const error = new CoppiceError({ code: "NOT_FOUND", message: "gone" });
    const problems = ["a", "?"].map((id) => ({ id, error }));
    const { chains, unreadable } = groupChains([a, b, other], problems);
    expect(chains.map(({ chain, backups }) => [chain, backups.map(({ id }) => id)])).toEqual([
      ["other", ["c"]],
      [a.chain, ["b", "a"]],
    ]);
    expect(chains.map(({ problems }) => problems.map(({ id }) => id))).toEqual([[], ["a"]]);
    expect(unreadable.map(({ id }) => id)).toEqual(["?"]);
  });
});
