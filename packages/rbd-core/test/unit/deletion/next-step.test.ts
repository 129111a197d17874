import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { nextStep } from "../../../src/deletion/execute-deletion.ts";
import type { DeletionWay } from "../../../src/deletion/plan/blockers.ts";
import type { DeletionFacts } from "../../../src/deletion/plan/deletion-facts.ts";
import { type DeletionStep, planDeletion } from "../../../src/deletion/plan/deletion-plan.ts";
import { anyFacts, child, group, plainImage, snapshot } from "./facts.ts";

/** What Ceph does: the facts after a step, `null` when the target is gone. */
function after(facts: DeletionFacts, step: DeletionStep): DeletionFacts | null {
  const snapshots = facts.snapshots.map((each) => ({ ...each, children: [...each.children] }));
  const of = (id: bigint) => snapshots.find((each) => each.id === id);
  switch (step.do) {
    case "flatten": {
      for (const each of snapshots) {
        each.children = each.children.filter(({ image }) => image.id !== step.child.id);
      }
      const left = snapshots.filter(
        (each) => each.kind !== "trash" || each.children.length > 0 || of(each.id)?.id !== step.snapshot.id,
      );
      return gone(facts, withSnapshots(facts, left));
    }
    case "leave-group":
      return { ...facts, group: null };
    case "move-to-trash":
      return { ...facts, trash: { deferredUntil: null } };
    case "unprotect":
      return {
        ...facts,
        snapshots: snapshots.map((each) =>
          each.id === step.snapshot.id ? { ...each, protected: false } : each,
        ),
      };
    case "remove-snapshot": {
      const target = of(step.snapshot.id);
      if (target !== undefined && target.children.length > 0) target.kind = "trash";
      const left = snapshots.filter((each) => each !== target || each.children.length > 0);
      return gone(facts, withSnapshots(facts, left));
    }
    case "remove-from-trash":
      return null;
  }
}

/** What the snapshots that went have freed is not freed again with the image. */
function withSnapshots(facts: DeletionFacts, left: DeletionFacts["snapshots"]): DeletionFacts {
  const bytes = facts.snapshots
    .filter(({ id }) => !left.some((each) => each.id === id))
    .reduce(
      (sum, { freedInOrder }) => sum - (freedInOrder?.bytes ?? 0),
      facts.freedIfImageRemoved?.bytes ?? 0,
    );
  return { ...facts, snapshots: left, freedIfImageRemoved: { bytes, accuracy: "estimated" } };
}

function gone(before: DeletionFacts, now: DeletionFacts): DeletionFacts | null {
  const there = now.snapshots.some(({ id }) => id === before.snapshotId);
  return before.snapshotId === null || there ? now : null;
}

const rich: DeletionFacts = {
  ...plainImage,
  snapshots: [snapshot(1, { protected: true, children: [child("a"), child("b")] }), snapshot(2)],
};
const plan = planDeletion(rich);
const next = (facts: DeletionFacts | null, last?: DeletionStep, way: DeletionWay = "remove") =>
  nextStep(plan, way, facts, last);

describe("nextStep", () => {
  it("executes every open way of every plan, step by step, when nothing else changes", () => {
    fc.assert(
      fc.property(anyFacts, (facts) => {
        const planned = planDeletion(facts);
        for (const { way, open, steps } of planned.ways.filter((each) => each.open)) {
          expect(open).toBe(true);
          const done: DeletionStep[] = [];
          for (let now: DeletionFacts | null = facts; ; ) {
            const got = nextStep(planned, way, now, done.at(-1));
            if (got.state !== "go") {
              expect(got).toEqual({ state: "done" });
              break;
            }
            done.push(got.step);
            if (now !== null) now = after(now, got.step);
            expect(done.length).toBeLessThanOrEqual(steps.length);
          }
          expect(done).toEqual(steps);
        }
      }),
      { numRuns: 500 },
    );
  });

  it("leaves out steps that another client has done", () => {
    const [s1, s2] = rich.snapshots;
    if (s1 === undefined || s2 === undefined) throw new Error("two snapshots");
    expect(next({ ...rich, snapshots: [{ ...s1, children: [child("b")] }, s2] })).toMatchObject({
      state: "go",
      step: { do: "flatten", child: { name: "b" } },
    });
    expect(next({ ...rich, snapshots: [s2] })).toMatchObject({
      state: "go",
      step: { do: "move-to-trash" },
    });
    expect(next(null)).toEqual({ state: "done" });
  });

  it.each<[string, Partial<DeletionFacts>, string]>([
    [
      "a new clone",
      {
        snapshots: [
          snapshot(1, { protected: true, children: [child("a"), child("b"), child("new")] }),
          snapshot(2),
        ],
      },
      "the plan did not say: flatten rbd/new",
    ],
    [
      "a new snapshot",
      { snapshots: [...rich.snapshots, snapshot(3)] },
      "the plan did not say: remove the snapshot s3",
    ],
    [
      "another snapshot of the same name",
      { snapshots: [snapshot(9, { name: "s1", protected: true }), snapshot(2)] },
      "the plan did not say: unprotect the snapshot s1; remove the snapshot s1",
    ],
    [
      "a renamed snapshot",
      { snapshots: [snapshot(2, { name: "precious" })] },
      "remove the snapshot precious",
    ],
    ["a group", { group: group("g") }, "the plan did not say: take it out of the group rbd/g"],
    [
      "a client",
      { watchers: [{ address: "10.0.0.7:0/1", client: "client.4711" }] },
      "client.4711 at 10.0.0.7:0/1 has the image open",
    ],
    [
      "a migration",
      { migration: { role: "source", state: "prepared" } },
      "the image is the source of a migration",
    ],
  ])("stops at %s", (_, over, reason) => {
    expect(next({ ...rich, ...over })).toEqual({
      state: "surprise",
      reason: expect.stringContaining(reason),
    });
  });

  it("stops when the image was restored from the trash under way", () => {
    const trashed = { ...plainImage, trash: { deferredUntil: null }, snapshots: [snapshot(1)] };
    const got = nextStep(planDeletion(trashed), "remove", { ...trashed, trash: null }, undefined);
    expect(got).toMatchObject({ state: "surprise", reason: "the plan did not say: move it to the trash" });
  });

  it("does not repeat a step that had no effect", () => {
    const step = plan.ways.find(({ way }) => way === "remove")?.steps[0];
    expect(next(rich, step)).toEqual({ state: "surprise", reason: "it had no effect to flatten rbd/a" });
  });

  it("knows when the trash is reached", () => {
    expect(next({ ...rich, trash: { deferredUntil: null } }, undefined, "trash")).toEqual({
      state: "done",
    });
  });

  it("does not take a way that is closed", () => {
    const closed = planDeletion({ ...rich, mirrored: true });
    expect(nextStep(closed, "remove", rich, undefined)).toMatchObject({ state: "surprise" });
  });
});
