import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { DeletionFacts } from "../../../src/deletion/plan/deletion-facts.ts";
import { type DeletionPlan, planDeletion } from "../../../src/deletion/plan/deletion-plan.ts";
import { anyFacts, child, group, plainImage, snapshot } from "./facts.ts";

function show(plan: DeletionPlan): string {
  const blockers = plan.blockers.map(
    ({ kind, message, closes }) =>
      `! ${kind}: ${message}${closes.length > 0 ? ` [${closes.join(", ")}]` : ""}`,
  );
  const ways = plan.ways.flatMap(({ way, open, steps, copies, frees }) => [
    open ? `${way}: copies ${copies}, frees ${frees?.bytes ?? "?"}` : `${way}: closed`,
    ...steps.map((step) => {
      if (step.do === "flatten") return `  flatten ${step.child.name} (${step.copies})`;
      if (step.do === "leave-group") return `  leave ${step.group.name}`;
      if (step.do === "unprotect") return `  unprotect ${step.snapshot.name}`;
      if (step.do === "remove-snapshot") {
        return `  remove ${step.snapshot.name}${step.kept ? " (kept)" : ""}, frees ${step.frees?.bytes ?? "?"}`;
      }
      if (step.do === "remove-from-trash") return `  remove from trash, frees ${step.frees?.bytes ?? "?"}`;
      return "  move to trash";
    }),
  ]);
  return [plan.spec, ...blockers, ...ways].join("\n");
}

const planned = (over: Partial<DeletionFacts>) => `\n${show(planDeletion({ ...plainImage, ...over }))}\n`;

describe("planDeletion of an image", () => {
  it("is simple when nothing is in the way", () => {
    expect(planned({})).toMatchInlineSnapshot(`
      "
      rbd/vm-1
      trash: copies 0, frees 0
        move to trash
      remove: copies 0, frees 1000
        move to trash
        remove from trash, frees 1000
      "
    `);
  });

  it("clears away clones, protection and snapshots in a safe order", () => {
    expect(
      planned({
        snapshots: [
          snapshot(1, {
            protected: true,
            children: [child("c1", { cloneFormat: 1 }), child("c2", { inTrash: true, overlap: 7 })],
          }),
          snapshot(2),
          snapshot(3, { kind: "trash", name: "0ff1ce", children: [child("c3")] }),
        ],
      }),
    ).toMatchInlineSnapshot(`
      "
      rbd/vm-1
      ! child: rbd/c1 is a clone of the snapshot s1
      ! child: rbd/c2 (in the trash) is a clone of the snapshot s1
      ! protected: the snapshot s1 is protected
      ! snapshot: the image has the snapshot s1
      ! snapshot: the image has the snapshot s2
      ! child: rbd/c3 is a clone of the snapshot 0ff1ce
      trash: copies 0, frees 0
        move to trash
      remove: copies 1007, frees 1000
        flatten c1 (500)
        flatten c2 (7)
        flatten c3 (500)
        move to trash
        unprotect s1
        remove s1, frees 20
        remove s2, frees 20
        remove from trash, frees 940
      "
    `);
  });

  it.each<[string, Partial<DeletionFacts>]>([
    ["watchers", { watchers: [{ address: "10.0.0.7:0/1", client: "client.4711" }] }],
    [
      "locks",
      { locks: [{ address: "10.0.0.7:0/1", client: "client.4711", cookie: "auto 1", abandoned: false }] },
    ],
    ["migrations", { migration: { role: "source", state: "prepared" } }],
    ["mirroring", { mirrored: true, snapshots: [snapshot(1, { kind: "mirror" })] }],
    ["a group", { group: group("g") }],
    ["a group of another pool", { group: group("g", "other") }],
    ["a group's snapshot", { group: group("g"), snapshots: [snapshot(1, { kind: "group" })] }],
    ["a snapshot of an unknown kind", { snapshots: [snapshot(1, { kind: "unknown" })] }],
    [
      "a backup",
      { snapshots: [snapshot(1)], dependants: [{ what: "the backup nightly-12", snapshotId: 1n }] },
    ],
    [
      "clones that cannot be detached or read",
      {
        snapshots: [
          snapshot(1, {
            children: [
              child("stuck", { snapshotsOverParent: ["a", "b"], deepFlatten: false }),
              child("gone", { unreadable: "there is no such image" }),
              child("fine", { snapshotsOverParent: ["a"] }),
            ],
          }),
        ],
      },
    ],
    [
      "a pool that cannot be asked",
      {
        snapshots: [snapshot(1, { protected: true })],
        unasked: [{ pool: "secret", reason: "it may not be read" }],
      },
    ],
    [
      "a place in the trash",
      { trash: { deferredUntil: new Date("2026-03-02T00:00:00Z") }, group: group("g") },
    ],
  ])("says what is to be done about %s", (_, over) => {
    expect(planned(over)).toMatchSnapshot();
  });

  it("removes from the trash what has expired", () => {
    expect(
      planned({ trash: { deferredUntil: new Date("2026-03-01T11:59:59Z") }, snapshots: [snapshot(1)] }),
    ).toMatchInlineSnapshot(`
      "
      rbd/vm-1
      ! snapshot: the image has the snapshot s1
      remove: copies 0, frees 1000
        remove s1, frees 20
        remove from trash, frees 980
      "
    `);
  });

  it("shows when it is unknown what is freed", () => {
    expect(planned({ freedIfImageRemoved: null })).toContain("frees ?");
  });
});

describe("planDeletion of a snapshot", () => {
  it("leaves the other snapshots, the group and the users of the image alone", () => {
    expect(
      planned({
        snapshotId: 2n,
        snapshots: [snapshot(1, { protected: true, children: [child("c")] }), snapshot(2)],
        group: group("g"),
        mirrored: true,
        watchers: [{ address: "10.0.0.7:0/1", client: "client.4711" }],
        dependants: [{ what: "the backup nightly-12", snapshotId: 1n }],
      }),
    ).toMatchInlineSnapshot(`
      "
      rbd/vm-1@s2
      remove: copies 0, frees 10
        remove s2, frees 10
      "
    `);
  });

  it("can move one with clones of format 2 to the trash", () => {
    expect(
      planned({ snapshotId: 1n, snapshots: [snapshot(1, { protected: true, children: [child("c")] })] }),
    ).toMatchInlineSnapshot(`
      "
      rbd/vm-1@s1
      ! child: rbd/c is a clone of the snapshot s1
      ! protected: the snapshot s1 is protected
      trash: copies 0, frees 0
        unprotect s1
        remove s1 (kept), frees 0
      remove: copies 500, frees 10
        flatten c (500)
        unprotect s1
        remove s1, frees 10
      "
    `);
  });

  it("has to flatten clones of format 1", () => {
    expect(
      planned({
        snapshotId: 1n,
        snapshots: [snapshot(1, { protected: true, children: [child("c", { cloneFormat: 1 })] })],
      }),
    ).toMatchInlineSnapshot(`
      "
      rbd/vm-1@s1
      ! child: rbd/c is a clone of the snapshot s1
      ! protected: the snapshot s1 is protected
      remove: copies 500, frees 10
        flatten c (500)
        unprotect s1
        remove s1, frees 10
      "
    `);
  });

  it.each(["group", "mirror", "unknown"] as const)("refuses one of kind %s", (kind) => {
    const plan = planDeletion({ ...plainImage, snapshotId: 1n, snapshots: [snapshot(1, { kind })] });
    expect(plan.ways.every(({ open }) => !open)).toBe(true);
    expect(plan.blockers[0]?.hint).toMatch(/^(Remove|Disable)/);
  });

  it("leaves one in the trash to be removed with its last clone", () => {
    expect(
      planned({ snapshotId: 1n, snapshots: [snapshot(1, { kind: "trash", children: [child("c")] })] }),
    ).toMatchInlineSnapshot(`
      "
      rbd/vm-1@s1
      ! child: rbd/c is a clone of the snapshot s1
      remove: copies 500, frees 10
        flatten c (500)
      "
    `);
  });

  it("refuses one with a backup on it", () => {
    expect(
      planned({
        snapshotId: 1n,
        snapshots: [snapshot(1)],
        dependants: [{ what: "the backup nightly-12", snapshotId: 1n }],
      }),
    ).toContain("remove: closed");
  });

  it("does not know a snapshot that is not there", () => {
    expect(() => planDeletion({ ...plainImage, snapshotId: 9n })).toThrow(RangeError);
  });
});

describe("whatever the facts", () => {
  it("an open way never removes a snapshot that something still needs", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        for (const way of planDeletion(given).ways) {
          if (!way.open) {
            expect(way.steps).toEqual([]);
            continue;
          }
          const flattened = new Set<string>();
          const gone = new Set<bigint>();
          const unprotected = new Set<bigint>();
          let inTrash = given.trash !== null;
          for (const step of way.steps) {
            if (step.do === "flatten") flattened.add(step.child.id);
            if (step.do === "unprotect") unprotected.add(step.snapshot.id);
            if (step.do === "move-to-trash") inTrash = true;
            if (step.do === "remove-snapshot") {
              const it = given.snapshots.find(({ id }) => id === step.snapshot.id);
              expect(it?.kind === "user" || (it?.kind === "trash" && it.children.length === 0)).toBe(true);
              expect(it?.protected && !unprotected.has(step.snapshot.id)).toBeFalsy();
              for (const c of it?.children ?? []) {
                const detached = flattened.has(c.image.id) && c.unreadable === null;
                expect(detached || (step.kept && c.cloneFormat === 2)).toBe(true);
              }
              if (given.snapshotId === null) expect(inTrash).toBe(true);
              gone.add(step.snapshot.id);
            }
            if (step.do === "remove-from-trash") {
              expect(inTrash && given.snapshotId === null).toBe(true);
              for (const it of given.snapshots) {
                const byItself =
                  it.children.length > 0 &&
                  it.kind === "trash" &&
                  it.children.every((c) => flattened.has(c.image.id));
                expect(gone.has(it.id) || byItself).toBe(true);
              }
            }
          }
          if (given.snapshotId !== null) expect([...gone].every((id) => id === given.snapshotId)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });

  it("a closed way always has a reason with something to do about it", () => {
    fc.assert(
      fc.property(anyFacts, (given) => {
        const plan = planDeletion(given);
        for (const { way, open } of plan.ways) {
          const reasons = plan.blockers.filter(({ closes }) => closes.includes(way));
          expect(reasons.length > 0).toBe(!open);
          for (const { hint } of reasons) expect(hint).not.toBeNull();
        }
      }),
    );
  });
});
