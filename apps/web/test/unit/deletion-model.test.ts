import type { DeletionPlanView } from "@coppice/server/router";
import { expect, test } from "vitest";
import {
  type DeletionWay,
  firstWay,
  sortBlockers,
  stepStates,
  takesAlong,
} from "#features/deletion/deletion-model.ts";
import { checkSnapshotName, timedName } from "#features/snapshots/snapshot-name.ts";

const step = (action: DeletionWay["steps"][number]["do"]) => ({
  do: action,
  text: action,
  copies: 0,
  frees: null,
});
const way = (name: DeletionWay["way"], open: boolean, steps: DeletionWay["steps"] = []): DeletionWay => ({
  way: name,
  open,
  steps,
  copies: 0,
  frees: null,
});
const blocker = (kind: DeletionPlanView["blockers"][number]["kind"], closes: DeletionWay["way"][]) => ({
  kind,
  snapshot: null,
  object: kind,
  owner: null,
  message: kind,
  hint: null,
  closes,
});

test("the first open way is shown first", () => {
  const plan = { ways: [way("trash", false), way("remove", true)] } as DeletionPlanView;
  expect(firstWay(plan)?.way).toBe("remove");
  expect(firstWay({ ...plan, ways: [way("trash", false)] })?.way).toBe("trash");
});

test("blockers are sorted by whether they close the chosen way", () => {
  const blockers = [
    blocker("watcher", ["trash", "remove"]),
    blocker("deferred", ["remove"]),
    blocker("child", []),
  ];
  const kinds = (chosen: DeletionWay["way"]) => {
    const { closing, solved } = sortBlockers(blockers, chosen);
    return [closing, solved].map((each) => each.map(({ kind }) => kind));
  };
  expect(kinds("trash")).toEqual([["watcher"], ["child", "deferred"]]);
  expect(kinds("remove")).toEqual([["watcher", "deferred"], ["child"]]);
  const many = [
    ...Array.from({ length: 4 }, () => blocker("snapshot", [])),
    blocker("protected", []),
    blocker("child", []),
  ];
  expect(sortBlockers(many, "remove")).toMatchObject({
    snapshots: 4,
    solved: [{ kind: "child" }, { kind: "protected" }],
  });
  expect(sortBlockers(many.slice(3), "remove").solved).toHaveLength(3);
});

test("a way says what it takes along", () => {
  const steps = [step("flatten"), step("flatten"), step("remove-snapshot"), step("remove-from-trash")];
  expect(takesAlong(way("remove", true, steps))).toEqual({ snapshots: 1, flattens: 2 });
});

test("the log of a task tells how far its steps are", () => {
  const log = ["Step 1 of 3: flatten a.", "something else", "Step 2 of 3: move it."].map((text) => ({
    at: "",
    text,
  }));
  expect(stepStates(3, [], "queued")).toEqual(["waiting", "waiting", "waiting"]);
  expect(stepStates(3, log, "running")).toEqual(["done", "running", "waiting"]);
  expect(stepStates(3, log, "failed")).toEqual(["done", "stopped", "waiting"]);
  expect(stepStates(3, log, "succeeded")).toEqual(["done", "done", "done"]);
});

test("a snapshot's name is checked as it is typed, and one is suggested by the time", () => {
  expect(checkSnapshotName("monday")).toBeNull();
  for (const name of ["", "a/b", "a@b", " a", "a\u0007"]) expect(checkSnapshotName(name)).not.toBeNull();
  const name = timedName("manual", new Date("2026-03-01T14:05:22.123Z"));
  expect(name).toBe("manual-2026-03-01-140522");
  expect(checkSnapshotName(name)).toBeNull();
});
