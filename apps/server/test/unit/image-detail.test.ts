import { CoppiceError, forest } from "rbd-core";
import { expect, test } from "vitest";
import { buildCatalog, findImage } from "../../src/inventory/catalog.ts";
import { imageDetail } from "../../src/inventory/image-detail.ts";
import { cloneOf, imageRow, inventoryOf, snapshotRow } from "../support/synthetic-inventory.ts";

const TRASH = {
  name: "base",
  deletedAt: new Date("2026-02-01T00:00:00Z"),
  deferredUntil: new Date("2026-03-01T00:00:00Z"),
  source: "user" as const,
};
const big = 2n ** 60n + 1n;
const snap = snapshotRow(big, "gold", { protected: true });
const older = snapshotRow(4n, "silver");
const root = imageRow({ pool: "rbd", name: "root", snapshots: [older, snap], flags: 1n, dataPool: "ec" });
const disk = cloneOf(
  root,
  snap,
  imageRow({ pool: "vms", namespace: "t", name: "disk", snapshots: [snapshotRow(9n, "s")] }),
);
const leaf = cloneOf(disk, snapshotRow(9n, "s"), imageRow({ pool: "vms", name: "leaf" }));
const living = imageRow({ pool: "rbd", name: "base", id: "id-living" });
const deleted = imageRow({ pool: "rbd", name: "base", id: "id-deleted", trash: TRASH });
const broken = {
  ...imageRow({ pool: "rbd", name: "broken" }),
  state: "unreadable" as const,
  error: new CoppiceError({ code: "IO", message: "its header cannot be read", hint: "Look at the OSDs." }),
};
const inventory = inventoryOf([root, disk, leaf, living, deleted, broken]);
const catalog = buildCatalog("ceph", inventory, forest(inventory));

function detail(name: string) {
  const row = findImage(catalog, name);
  if (row === null) throw new Error(`no ${name}`);
  return imageDetail(row, catalog);
}

test("an image with its snapshots, and on each the clones made from it", () => {
  expect(detail("rbd/root")).toMatchObject({
    featureBits: "61",
    features: ["layering", "exclusive-lock", "object-map", "fast-diff", "deep-flatten"],
    flags: ["object map invalid"],
    dataPool: "ec",
    parent: null,
    ancestors: [],
    childCount: 1,
    descendantCount: 2,
    children: [{ spec: "vms/t/disk", snapshot: "gold", inTrash: false }],
    snapshots: [
      { id: "4", name: "silver", children: [] },
      {
        id: "1152921504606846977",
        name: "gold",
        protected: true,
        children: [{ key: "ceph/vms/t/id-disk", spec: "vms/t/disk", inTrash: false }],
      },
    ],
  });
});

test("the ancestors of an image, from the root down", () => {
  expect(detail("vms/leaf")).toMatchObject({
    depth: 2,
    parent: { spec: "vms/t/disk", snapshot: "s", overlap: 1024 ** 3, inTrash: false },
    ancestors: [
      { spec: "rbd/root", snapshot: "gold" },
      { spec: "vms/t/disk", snapshot: "s" },
    ],
  });
});

test("a name that also exists in the trash means the image outside of it; the key names the other", () => {
  expect(detail("ceph/rbd//id-deleted")).toEqual(detail("rbd//id-deleted"));
  expect(detail("rbd/base")).toMatchObject({ id: "id-living", trash: null });
  expect(detail("rbd//id-deleted")).toMatchObject({
    id: "id-deleted",
    inTrash: true,
    trash: { deletedAt: "2026-02-01T00:00:00.000Z", deferredUntil: "2026-03-01T00:00:00.000Z" },
  });
});

test("an unreadable image is a row with its error", () => {
  expect(detail("rbd/broken")).toMatchObject({
    state: "unreadable",
    error: { code: "IO", message: "Its header cannot be read.", hint: "Look at the OSDs." },
    size: 0,
    snapshots: [],
  });
});

test("everything can be sent as JSON", () => {
  for (const { view } of catalog.rows) {
    const sent = detail(view.key);
    expect(JSON.parse(JSON.stringify(sent))).toEqual(sent);
  }
});
