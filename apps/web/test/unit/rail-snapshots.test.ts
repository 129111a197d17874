import type { SnapshotDetail } from "@coppice/server/router";
import { expect, test } from "vitest";
import { railSnapshots } from "#features/image/rail-snapshots.ts";

function snapshot(id: string, size: number): SnapshotDetail {
  return {
    id,
    name: `s${id}`,
    size,
    kind: "user",
    protected: false,
    createdAt: "2026-03-01T00:00:00Z",
    children: [],
  };
}

test("newest first by id, also beyond 2^53", () => {
  const rail = railSnapshots({
    children: [],
    snapshots: [
      snapshot("9007199254740993", 1),
      snapshot("10", 1),
      snapshot("9007199254740992", 1),
      snapshot("9", 1),
    ],
  });
  expect(rail.map(({ snapshot: { id } }) => id)).toEqual(["9007199254740993", "9007199254740992", "10", "9"]);
});

test("each snapshot has the change of the size since the previous one", () => {
  const rail = railSnapshots({
    children: [],
    snapshots: [snapshot("1", 10), snapshot("2", 30), snapshot("3", 20)],
  });
  expect(rail.map(({ sizeChange }) => sizeChange)).toEqual([-10, 20, 0]);
});

test("a clone in the trash is linked by its key, another clone by its spec", () => {
  const withClones = {
    ...snapshot("1", 10),
    children: [
      { key: "rbd//2", spec: "rbd/a", inTrash: true },
      { key: "rbd//1", spec: "rbd/a", inTrash: false },
    ],
  };
  const [first] = railSnapshots({
    snapshots: [withClones],
    children: [
      { key: "rbd//1", spec: "rbd/a", snapshot: "s1", inTrash: false },
      { key: "rbd//2", spec: "rbd/a", snapshot: "s1", inTrash: true },
    ],
  });
  expect(first?.clones.map(({ ref }) => ref)).toEqual(["rbd//2", "rbd/a"]);
});
