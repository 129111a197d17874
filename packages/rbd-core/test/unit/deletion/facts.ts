import fc from "fast-check";
import type { ChildFacts } from "../../../src/deletion/plan/children.ts";
import type { DeletionFacts, SnapshotFacts } from "../../../src/deletion/plan/deletion-facts.ts";

export const estimated = (bytes: number) => ({ bytes, accuracy: "estimated" }) as const;

/** An image with nothing in the way. */
export const plainImage: DeletionFacts = {
  now: new Date("2026-03-01T12:00:00Z"),
  image: { pool: "rbd", namespace: "", id: "1f", name: "vm-1" },
  size: 1000,
  snapshotId: null,
  trash: null,
  group: null,
  migration: null,
  mirrored: false,
  watchers: [],
  locks: [],
  snapshots: [],
  unasked: [],
  dependants: [],
  freedIfImageRemoved: estimated(1000),
};

export const group = (name: string, pool = "rbd") => ({ pool, namespace: "", name });

export const snapshot = (id: number, over: Partial<SnapshotFacts> = {}): SnapshotFacts => ({
  id: BigInt(id),
  name: `s${id}`,
  kind: "user",
  protected: false,
  own: false,
  children: [],
  freedIfRemoved: estimated(10),
  freedInOrder: estimated(20),
  ...over,
});

export const child = (name: string, over: Partial<ChildFacts> = {}): ChildFacts => ({
  image: { pool: "rbd", namespace: "", id: `id-${name}`, name },
  inTrash: false,
  cloneFormat: 2,
  overlap: 500,
  snapshotsOverParent: [],
  deepFlatten: true,
  unreadable: null,
  ...over,
});

/** Images, and snapshots of images, with all that can be in the way. */
export const anyFacts: fc.Arbitrary<DeletionFacts> = fc
  .record({
    target: fc.nat(4),
    trash: fc.boolean(),
    group: fc.boolean(),
    mirrored: fc.boolean(),
    watched: fc.boolean(),
    snapshots: fc.array(
      fc.record({
        kind: fc.constantFrom<SnapshotFacts["kind"][]>(
          "user",
          "user",
          "user",
          "group",
          "trash",
          "mirror",
          "unknown",
        ),
        protected: fc.boolean(),
        children: fc.array(
          fc.record({
            cloneFormat: fc.constantFrom<(1 | 2)[]>(1, 2),
            deepFlatten: fc.boolean(),
            over: fc.boolean(),
            readable: fc.boolean(),
          }),
          { maxLength: 2 },
        ),
      }),
      { maxLength: 4 },
    ),
  })
  .map((made) => {
    const snapshots = made.snapshots.map((each, k) =>
      snapshot(k + 1, {
        kind: each.kind,
        protected: each.protected && each.kind === "user",
        children: each.children.map((c, n) =>
          child(`c${k}-${n}`, {
            cloneFormat: c.cloneFormat,
            deepFlatten: c.deepFlatten,
            snapshotsOverParent: c.over ? ["x"] : [],
            unreadable: c.readable ? null : "gone",
          }),
        ),
      }),
    );
    return {
      ...plainImage,
      snapshots,
      snapshotId: snapshots[made.target]?.id ?? null,
      trash: made.trash ? { deferredUntil: null } : null,
      group: made.group ? group("g") : null,
      mirrored: made.mirrored,
      watchers: made.watched ? [{ address: "a", client: "client.1" }] : [],
    };
  });
