import type { Image } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
let image: Image;
beforeAll(async () => {
  t = await openTestPool("snaps");
  await t.io.createImage("disk", { size: 16 * MiB });
  image = await t.io.openImage("disk");
  await image.write(0, Buffer.from("first"));
  await image.createSnapshot("one");
  await image.write(0, Buffer.from("other"));
  await image.createSnapshot("two");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

test("lists the snapshots that rbd lists", async () => {
  const listed = await image.listSnapshots();
  const witness = t.rbdJson<{ id: number; name: string; size: number }[]>("snap", "ls", `${t.pool}/disk`);
  expect(listed.map(({ id, name, size }) => ({ id: Number(id), name, size }))).toEqual(
    witness.map(({ id, name, size }) => ({ id, name, size })),
  );
  expect(listed.every((s) => s.namespace === "user" && !s.protected)).toBe(true);
  expect(await image.snapshotId("one")).toBe(listed[0]?.id);
  expect(await image.snapshotName(listed[1]?.id ?? 0n)).toBe("two");
  expect(await image.snapshotExists("two")).toBe(true);
  expect(await image.snapshotExists("three")).toBe(false);
});

test("reading at a snapshot, by name and by id", async () => {
  await using at = await t.io.openImage("disk", { snapshot: "one", readOnly: true });
  expect((await at.read(0, 5)).toString()).toBe("first");
  await at.setSnapshot(await image.snapshotId("two"));
  expect((await at.read(0, 5)).toString()).toBe("other");
  await at.setSnapshot(null);
  await expect(at.setSnapshot("absent")).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("rolling back", async () => {
  await image.write(0, Buffer.from("third"));
  await image.rollback("one");
  expect((await image.read(0, 5)).toString()).toBe("first");
});

test("clones of both formats, their parents, their children", async () => {
  await image.protectSnapshot("one");
  expect(await image.isSnapshotProtected("one")).toBe(true);
  await expect(image.removeSnapshot("one")).rejects.toMatchObject({ code: "BUSY" });
  const from = (snapshot: string) => ({ pool: t.io, image: "disk", snapshot });
  await expect(t.io.clone(from("two"), "refused", { cloneFormat: 1 })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    call: "rbd_clone3",
  });
  await t.io.clone(from("one"), "v1", { cloneFormat: 1 });
  await t.io.clone(from("two"), "v2", { cloneFormat: 2 });
  await using v2 = await t.io.openImage("v2");
  expect(await v2.parent()).toEqual({
    poolId: t.io.poolId,
    poolName: t.pool,
    namespace: "",
    imageId: image.id,
    imageName: "disk",
    trash: false,
    snapshotId: await image.snapshotId("two"),
    snapshotName: "two",
    snapshotKind: "user",
    overlap: 16 * MiB,
  });
  expect(await image.parent()).toBeNull();
  const names = async (snapshot?: string | bigint) =>
    (await image.listChildren(snapshot)).map((c) => c.imageName).sort();
  expect(await names()).toEqual(["v1", "v2"]);
  expect(await names("one")).toEqual(["v1"]);
  expect(await names(await image.snapshotId("two"))).toEqual(["v2"]);
  await expect(image.listChildren("absent")).rejects.toMatchObject({ code: "NOT_FOUND" });
  expect(
    t
      .rbdJson<{ image: string }[]>("children", `${t.pool}/disk`)
      .map((c) => c.image)
      .sort(),
  ).toEqual(["v1", "v2"]);

  await v2.createSnapshot("deeper");
  await t.io.clone({ pool: t.io, image: "v2", snapshot: "deeper" }, "v3", { cloneFormat: 2 });
  expect((await image.listDescendants()).map((c) => c.imageName).sort()).toEqual(["v1", "v2", "v3"]);
});

test("a snapshot with a clone of format 2 goes to the snapshots' trash", async () => {
  await image.removeSnapshot("two");
  const trashed = (await image.listSnapshots()).find((s) => s.namespace === "trash");
  expect(trashed).toMatchObject({ originalName: "two", protected: false });
  expect((await image.listChildren(trashed?.id)).map((c) => c.imageName)).toEqual(["v2"]);
  await using v2 = await t.io.openImage("v2");
  expect(await v2.parent()).toMatchObject({ snapshotKind: "trash", snapshotId: trashed?.id });
});

test("removing a protected snapshot with clones", async () => {
  await image.removeSnapshot("one", { force: true });
  await using v1 = await t.io.openImage("v1");
  expect(await v1.parent()).toBeNull();
  expect((await v1.read(0, 5)).toString()).toBe("first");
});

test("renaming and the limit", async () => {
  await image.createSnapshot("before");
  await image.renameSnapshot("before", "after");
  expect(await image.snapshotExists("after")).toBe(true);
  expect(await image.snapshotLimit()).toBe(2n ** 64n - 1n);
  await image.setSnapshotLimit(2n);
  expect(await image.snapshotLimit()).toBe(2n);
  await expect(image.createSnapshot("too-many")).rejects.toMatchObject({ code: "QUOTA_EXCEEDED" });
});

test("copies with and without snapshots", async () => {
  await image.copy(t.io, "copied");
  await image.deepCopy(t.io, "deep");
  await using copied = await t.io.openImage("copied");
  await using deep = await t.io.openImage("deep");
  expect((await copied.read(0, 5)).toString()).toBe("first");
  expect(await copied.listSnapshots()).toEqual([]);
  expect((await deep.listSnapshots()).map((s) => s.name)).toContain("after");
  await t.io.createImage("onto", { size: 16 * MiB });
  await using onto = await t.io.openImage("onto");
  await image.copyOnto(onto);
  expect((await onto.read(0, 5)).toString()).toBe("first");
});
