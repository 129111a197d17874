import { featureNames, imageFeatures } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("images");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

test("an image with every layout option, compared with rbd info", async () => {
  const features = imageFeatures.layering | imageFeatures.striping | imageFeatures["exclusive-lock"];
  await t.io.createImage("laid-out", {
    size: 100 * MiB,
    order: 20,
    features,
    stripeUnit: 64 * 1024,
    stripeCount: 8,
  });
  await using image = await t.io.openImage("laid-out");
  const info = t.rbdJson<Record<string, unknown>>("info", `${t.pool}/laid-out`);
  expect(info).toMatchObject({
    id: image.id,
    size: 100 * MiB,
    order: 20,
    objects: 104,
    stripe_unit: 64 * 1024,
    stripe_count: 8,
    features: ["layering", "striping", "exclusive-lock"],
  });
  expect(await image.stat()).toEqual({
    size: 100 * MiB,
    objectSize: MiB,
    order: 20,
    objectCount: 104,
    blockNamePrefix: info.block_name_prefix,
  });
  expect(await image.features()).toBe(features);
  expect(featureNames(features)).toEqual(info.features);
  expect(await image.stripe()).toEqual({ unit: 64 * 1024, count: 8 });
  expect(await image.isOldFormat()).toBe(false);
  expect(await image.dataPoolId()).toBe(t.io.poolId);
  expect(await image.flags()).toBe(0n);
  const { created } = await image.timestamps();
  expect(Math.abs(created.getTime() - Date.now())).toBeLessThan(60_000);
});

test("listing, renaming, removing", async () => {
  await using io = await t.cluster.openPool(t.pool, { namespace: "" });
  const before = (await io.listImages()).length;
  await Promise.all(Array.from({ length: 50 }, (_, i) => io.createImage(`many-${i}`, { size: MiB })));
  const listed = await io.listImages();
  expect(listed).toHaveLength(before + 50);
  expect(listed.map((image) => image.name).sort()).toEqual(t.rbdJson<string[]>("ls", t.pool).sort());
  await io.renameImage("many-0", "renamed");
  await using renamed = await io.openImage({ id: listed.find((image) => image.name === "many-0")?.id ?? "" });
  expect(renamed.name).toBe("renamed");
  await expect(io.createImage("renamed", { size: 1 })).rejects.toMatchObject({ code: "EXISTS" });
  await renamed.close();
  await Promise.all([...Array(49).keys()].map((i) => io.removeImage(`many-${i + 1}`)));
  await io.removeImage("renamed");
  await expect(io.removeImage("renamed")).rejects.toMatchObject({
    code: "NOT_FOUND",
    call: "rbd_remove_with_progress",
    object: `${t.pool}/renamed`,
  });
  expect(await io.listImages()).toHaveLength(before);
});

test("namespaces hide their images from each other", async () => {
  await t.io.createNamespace("tenant");
  expect(await t.io.listNamespaces()).toEqual(["tenant"]);
  expect(await t.io.namespaceExists("tenant")).toBe(true);
  expect(await t.io.namespaceExists("other")).toBe(false);
  await using io = await t.cluster.openPool(t.pool, { namespace: "tenant" });
  await io.createImage("hidden", { size: MiB });
  expect((await io.listImages()).map((image) => image.name)).toEqual(["hidden"]);
  expect((await t.io.listImages()).map((image) => image.name)).not.toContain("hidden");
  expect(t.rbdJson<string[]>("ls", `${t.pool}/tenant`)).toEqual(["hidden"]);
  await expect(t.io.removeNamespace("tenant")).rejects.toMatchObject({ code: "BUSY" });
  await io.removeImage("hidden");
  await t.io.removeNamespace("tenant");
});

test("the trash keeps an image until its deferment ends", async () => {
  await t.io.createImage("kept", { size: MiB });
  await t.io.trashMove("kept", { delaySeconds: 3600 });
  const [kept] = await t.io.listTrash();
  expect(kept).toMatchObject({ name: "kept", source: "user" });
  expect((kept?.deferredUntil.getTime() ?? 0) - (kept?.deletedAt.getTime() ?? 0)).toBe(3600_000);
  const id = kept?.id ?? "";
  expect(await t.io.getTrash(id)).toEqual(kept);
  await expect(t.io.trashRemove(id)).rejects.toMatchObject({ code: "PERMISSION_DENIED" });
  await t.io.trashRestore(id, "back");
  await t.io.trashMove("back");
  await t.io.trashRemove(id, { force: true });
  expect(await t.io.listTrash()).toEqual([]);
});

test("a deferment that is too long for Ceph's 32-bit times is refused", async () => {
  await t.io.createImage("for-ever", { size: MiB });
  for (const delaySeconds of [2 ** 32, 2 ** 32 - Math.floor(Date.now() / 1000), 2 ** 52]) {
    await expect(t.io.trashMove("for-ever", { delaySeconds })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
  }
  await t.io.trashMove("for-ever", { delaySeconds: 50 * 365 * 86_400 });
  const [kept] = await t.io.listTrash();
  expect(kept?.deferredUntil.getFullYear()).toBeGreaterThan(2070);
  await t.io.trashRemove(kept?.id ?? "", { force: true });
});

test("purging the trash removes only what expired before the given date", async () => {
  await using io = await t.cluster.openPool(t.pool);
  await io.createImage("expired", { size: MiB });
  await io.trashMove("expired");
  await io.createImage("deferred", { size: MiB });
  await io.trashMove("deferred", { delaySeconds: 3600 });
  const names = async () => (await io.listTrash()).map(({ name }) => name).sort();
  const expiredAt =
    (await io.listTrash()).find(({ name }) => name === "expired")?.deferredUntil.getTime() ?? 0;
  for (const bad of [new Date("typo"), "2026-01-01", 0] as unknown as Date[]) {
    await expect(io.trashPurge({ expiredBefore: bad })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining("expiredBefore must be a valid Date"),
    });
  }
  for (const threshold of [-1, 1.5, Number.NaN]) {
    await expect(io.trashPurge({ threshold })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  }
  await expect(io.trashPurge({ threshold: 0, expiredBefore: new Date() })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  for (const time of [-1000, 0, 1, 500, 1000, 1001, expiredAt - 1, expiredAt]) {
    await io.trashPurge({ expiredBefore: new Date(time) });
    expect(await names(), `before ${time}`).toEqual(["deferred", "expired"]);
  }
  await io.trashPurge({ expiredBefore: new Date(expiredAt + 1) });
  expect(await names()).toEqual(["deferred"]);
  await io.trashPurge();
  expect(await names()).toEqual(["deferred"]);
  await io.trashRemove((await io.listTrash())[0]?.id ?? "", { force: true });
});

test("metadata, more of it than one page", async () => {
  await t.io.createImage("tagged", { size: MiB });
  await using image = await t.io.openImage("tagged");
  const wanted = new Map(
    Array.from({ length: 600 }, (_, i) => [`key-${String(i).padStart(4, "0")}`, `value ${i}`]),
  );
  wanted.set("größe", "3 GiB – ungefähr");
  wanted.set("long", "x".repeat(100_000));
  await Promise.all([...wanted].map(([key, value]) => image.setMetadata(key, value)));
  expect(new Map([...(await image.listMetadata())].sort())).toEqual(new Map([...wanted].sort()));
  expect(await image.getMetadata("größe")).toBe("3 GiB – ungefähr");
  expect(await image.getMetadata("long")).toHaveLength(100_000);
  await image.removeMetadata("long");
  await expect(image.getMetadata("long")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await t.io.setMetadata("pool-key", "pool value");
  expect(await t.io.getMetadata("pool-key")).toBe("pool value");
  expect((await t.io.listMetadata()).get("pool-key")).toBe("pool value");
  await t.io.removeMetadata("pool-key");
});

test("watchers and locks", async () => {
  await t.io.createImage("locked", { size: MiB });
  await using image = await t.io.openImage("locked");
  const [watcher, ...others] = await image.listWatchers();
  expect(others).toEqual([]);
  expect(watcher?.clientId).toBe(await t.cluster.instanceId());
  await image.lockShared("cookie", "tag");
  const info = await image.lockInfo();
  expect(info).toMatchObject({ exclusive: false, tag: "tag" });
  expect(info.lockers).toMatchObject([{ client: `client.${watcher?.clientId}`, cookie: "cookie" }]);
  await expect(image.lockExclusive("other")).rejects.toMatchObject({ code: "BUSY" });
  await image.unlock("cookie");
  expect((await image.lockInfo()).lockers).toEqual([]);
  await image.acquireExclusiveLock();
  expect(await image.isExclusiveLockOwner()).toBe(true);
  expect(await image.exclusiveLockOwner()).toContain("127.0.0.1");
  await image.releaseExclusiveLock();
  expect(await image.isExclusiveLockOwner()).toBe(false);
  expect(await image.exclusiveLockOwner()).toBeUndefined();
});

const names = ["größe-日本語-🌲", "with space", "ends.", "a".repeat(900)];
test.each(names)("the name %s", async (name) => {
  await t.io.createImage(name, { size: MiB });
  expect(t.rbdJson<string[]>("ls", t.pool)).toContain(name);
  await using image = await t.io.openImage(name);
  expect(image.name).toBe(name);
  await image.createSnapshot(name);
  expect((await image.listSnapshots())[0]?.name).toBe(name);
  await image.removeSnapshot(name);
  await image.close();
  await t.io.removeImage(name);
});

test("invalid names are refused with INVALID_ARGUMENT", async () => {
  const refused = { name: "RbdError", code: "INVALID_ARGUMENT" };
  for (const name of ["", "nul\0inside", "\ud800", 7 as unknown as string]) {
    await expect(t.io.createImage(name, { size: MiB })).rejects.toMatchObject(refused);
    await expect(t.io.openImage(name)).rejects.toMatchObject(refused);
    await expect(t.cluster.openPool(name)).rejects.toMatchObject(refused);
  }
  const long = "n".repeat(4096);
  await expect(t.io.createImage(long, { size: MiB })).rejects.toMatchObject({ code: "NAME_TOO_LONG" });
  await expect(t.io.openImage(long)).rejects.toMatchObject({ code: /NAME_TOO_LONG|NOT_FOUND/ });
  await expect(t.cluster.openPool(long)).rejects.toMatchObject({ code: "NOT_FOUND" });
});
