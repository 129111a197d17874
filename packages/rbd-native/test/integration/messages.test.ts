import { Cluster } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("messages");
  await t.io.createImage("disk", { size: MiB });
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

test("a setting that Ceph does not know is named", async () => {
  const refused = {
    code: "NOT_FOUND",
    message: expect.stringContaining('Ceph has no setting named "rbd_cahce"'),
  };
  await expect(Cluster.connect({ conf: t.conf, settings: { rbd_cahce: "false" } })).rejects.toMatchObject(
    refused,
  );
  await expect(t.cluster.setSetting("rbd_cahce", "false")).rejects.toMatchObject(refused);
});

test("a value that a setting does not take is not repeated, but the setting is named", async () => {
  const refused = {
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/^(?=.*the setting "rbd_cache_size")(?!.*secret)/),
  };
  const settings = { rbd_cache_size: "secret" };
  await expect(Cluster.connect({ conf: t.conf, settings })).rejects.toMatchObject(refused);
  await expect(t.cluster.setSetting("rbd_cache_size", "secret")).rejects.toMatchObject(refused);
});

test("a configuration file that does not exist is named", async () => {
  await expect(Cluster.connect({ conf: "/nowhere/ceph.conf" })).rejects.toMatchObject({
    code: "NOT_FOUND",
    message: expect.stringContaining("the configuration file /nowhere/ceph.conf does not exist"),
  });
});

test("protecting and unprotecting a snapshot twice", async () => {
  await using image = await t.io.openImage("disk");
  await image.createSnapshot("base");
  await expect(image.unprotectSnapshot("base")).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    object: `${t.pool}/disk@base`,
    message: expect.stringContaining("the snapshot is not protected"),
  });
  await image.protectSnapshot("base");
  await expect(image.protectSnapshot("base")).rejects.toMatchObject({
    code: "BUSY",
    message: expect.stringContaining("the snapshot is already protected"),
  });
  await image.unprotectSnapshot("base");
});

test("a range that cannot be compared and written in one step is named", async () => {
  await using image = await t.io.openImage("disk");
  // Neither in one sector, as Ceph 16 wants it, nor in one stripe unit.
  await t.io.createImage("small-objects", { size: MiB, order: 12 });
  await using small = await t.io.openImage("small-objects");
  await expect(small.compareAndWrite(3584, Buffer.alloc(1024), Buffer.alloc(1024, 1))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
    message: expect.stringMatching(/1024 bytes at offset 3584 .*one 512-byte sector with Ceph 16/),
  });
  expect(await image.compareAndWrite(512, Buffer.alloc(512), Buffer.alloc(512, 1))).toBe(true);
});
