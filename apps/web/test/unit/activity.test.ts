import type { TaskObject } from "@coppice/server/router";
import { expect, test } from "vitest";
import { concernsImage } from "#features/image/activity-tab.tsx";

const image = { cluster: "ceph", pool: "rbd", namespace: "", name: "vm-1" };
const object: TaskObject = {
  kind: "image",
  cluster: "ceph",
  spec: "rbd/vm-1",
  pool: "rbd",
  namespace: "",
  image: "vm-1",
};
const other = { ...object, spec: "rbd/vm-2", image: "vm-2" };

test("a task concerns the image that it makes or changes", () => {
  expect(concernsImage({ object, related: [] }, image)).toBe(true);
  expect(concernsImage({ object: other, related: [] }, image)).toBe(false);
});

test("a task concerns an image or a snapshot that is related to it", () => {
  const snapshot = { ...object, kind: "snapshot", spec: "rbd/vm-1@monday", snapshot: "monday" } as const;
  expect(concernsImage({ object: other, related: [object] }, image)).toBe(true);
  expect(concernsImage({ object: other, related: [snapshot] }, image)).toBe(true);
});

test("a task does not concern an image of the same name in another place", () => {
  for (const elsewhere of [
    { cluster: "west" },
    { pool: "vms" },
    { namespace: "tenant" },
    { image: "vm-10" },
  ]) {
    expect(concernsImage({ object: { ...object, ...elsewhere }, related: [] }, image)).toBe(false);
  }
  expect(
    concernsImage(
      { object: { kind: "pool", cluster: "ceph", spec: "rbd", pool: "rbd" }, related: [] },
      image,
    ),
  ).toBe(false);
});
