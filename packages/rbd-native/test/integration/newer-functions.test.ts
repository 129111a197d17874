import { type DiffOptions, features, type Image } from "rbd-native";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

// What librbd has had only since a later Ceph than 16: that it works where the library has it, and that it is refused
// by name where not.

const MiB = 2 ** 20;
const has = features();
const unsupported = (call: string) => ({ code: "UNSUPPORTED", call });
let t: TestPool;
let image: Image;
let first: bigint;
beforeAll(async () => {
  t = await openTestPool("newer");
  await t.io.createImage("disk", { size: 64 * MiB });
  image = await t.io.openImage("disk");
  await image.write(0, Buffer.alloc(MiB, 1));
  await image.createSnapshot("first");
  await image.write(MiB / 2, Buffer.alloc(4096, 2));
  await image.createSnapshot("second");
  first = await image.snapshotId("first");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

async function diff(o: DiffOptions): Promise<number[][]> {
  const extents: number[][] = [];
  for await (const batch of image.diffIterate(o)) {
    for (let i = 0; i < batch.count; i++) extents.push([batch.offset(i), batch.length(i)]);
  }
  return extents;
}

describe("a diff from a snapshot by its id", () => {
  test.runIf(has.diffFromSnapshotId)("equals the diff by the snapshot's name", async () => {
    expect(await diff({ from: first })).toEqual([[MiB / 2, 4096]]);
    expect(await diff({ from: first, wholeObject: true })).toEqual([[0, 4 * MiB]]);
    expect(await diff({ from: first })).toEqual(await diff({ from: "first" }));
    await expect(diff({ from: 12345n })).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
  test.skipIf(has.diffFromSnapshotId)("is refused", async () => {
    await expect(diff({ from: first })).rejects.toMatchObject(unsupported("rbd_diff_iterate3"));
    await expect(diff({ from: first })).rejects.toThrow("does not have it");
  });
});

describe("a clone of a snapshot by its id", () => {
  test.runIf(has.cloneBySnapshotId)("has that snapshot as its parent", async () => {
    await t.io.clone({ pool: t.io, image: "disk", snapshot: first }, "clone");
    await using clone = await t.io.openImage("clone");
    expect((await clone.parent())?.snapshotId).toBe(first);
  });
  test.skipIf(has.cloneBySnapshotId)("is refused, and nothing is made", async () => {
    const cloning = t.io.clone({ pool: t.io, image: "disk", snapshot: first }, "clone");
    await expect(cloning).rejects.toMatchObject(unsupported("rbd_clone4"));
    expect((await t.io.listImages()).map(({ name }) => name)).toEqual(["disk"]);
  });
});

describe("an encrypted clone of an encrypted image", { timeout: 180_000 }, () => {
  test.runIf(has.encryptionLayers)("is unlocked with a passphrase for each", async () => {
    await t.io.createImage("secret", { size: 64 * MiB });
    {
      await using parent = await t.io.openImage("secret");
      await parent.formatEncryption("parent's", { format: "luks1", algorithm: "aes128" });
      await parent.write(0, Buffer.from("for your eyes only"));
      await parent.createSnapshot("s");
    }
    await t.io.clone({ pool: t.io, image: "secret", snapshot: "s" }, "secret-clone");
    await using clone = await t.io.openImage("secret-clone");
    await clone.formatEncryption("clone's", { format: "luks1", algorithm: "aes128" });
    await expect(clone.loadEncryptionLayers(["clone's", "wrong"])).rejects.toMatchObject({
      code: "PERMISSION_DENIED",
    });
    await clone.loadEncryptionLayers(["clone's", "parent's"]);
    expect((await clone.read(0, 18)).toString()).toBe("for your eyes only");
  });
  test.skipIf(has.encryptionLayers)("is refused", async () => {
    await expect(image.loadEncryptionLayers(["open sesame"])).rejects.toMatchObject(
      unsupported("rbd_encryption_load2"),
    );
    await expect(image.loadEncryptionLayers([])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });
});

test("the connection gets the latest OSD map and the minimum compatible client", async () => {
  await t.cluster.waitForLatestOsdMap();
  const { present, required } = await t.cluster.minCompatibleClient();
  const map = JSON.parse(
    String((await t.cluster.monCommand({ prefix: "osd dump", format: "json" })).output),
  ) as { min_compat_client: string; require_min_compat_client: string };
  const releases = [..."_abcdefghijklmnopqrst"];
  expect(releases[present]).toBe(map.min_compat_client[0]);
  expect(releases[required]).toBe(map.require_min_compat_client[0]);
});
