import { Cluster, RbdError } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("life");
  await t.io.createImage("disk", { size: 64 * MiB });
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

const closed = expect.objectContaining({ name: "RbdError", code: "CLOSED" });

test("closing twice, at once or later, closes once", async () => {
  const image = await t.io.openImage("disk");
  await Promise.all([image.close(), image.close()]);
  await image.close();
});

test("a call on a closed handle is refused", async () => {
  const cluster = await Cluster.connect({ conf: t.conf });
  const io = await cluster.openPool(t.pool);
  const image = await io.openImage("disk");
  await image.close();
  await expect(image.stat()).rejects.toEqual(closed);
  await expect(image.read(0, 1)).rejects.toEqual(closed);
  await expect(image.flush()).rejects.toEqual(closed);
  await expect(
    (async () => {
      for await (const _ of image.diffIterate());
    })(),
  ).rejects.toEqual(closed);
  await io.close();
  await expect(io.listImages()).rejects.toEqual(closed);
  await expect(io.openImage("disk")).rejects.toEqual(closed);
  await expect(io.objects.stat("rbd_directory")).rejects.toEqual(closed);
  await cluster.close();
  await expect(cluster.stat()).rejects.toEqual(closed);
  await expect(cluster.openPool(t.pool)).rejects.toEqual(closed);
});

test("an image closes after the 64 operations in flight on it", async () => {
  const image = await t.io.openImage("disk");
  const data = Buffer.alloc(MiB, 0x5a);
  const order: string[] = [];
  const writes = Array.from({ length: 64 }, (_, i) =>
    image.write(i * MiB, data).then(() => order.push("write")),
  );
  const closing = image.close().then(() => order.push("close"));
  await Promise.all([...writes, closing]);
  expect(order).toHaveLength(65);
  expect(order.at(-1)).toBe("close");
  const again = await t.io.openImage("disk");
  expect((await again.read(63 * MiB, MiB)).equals(data)).toBe(true);
  await again.close();
});

test("shutting down with open images closes them first", async () => {
  const cluster = await Cluster.connect({ conf: t.conf });
  const io = await cluster.openPool(t.pool);
  const images = await Promise.all(Array.from({ length: 8 }, () => io.openImage("disk")));
  const reads = images.map((image) => image.read(0, MiB));
  await cluster.close();
  expect((await Promise.all(reads)).every((data) => data.length === MiB)).toBe(true);
  for (const image of images) await image.close();
  await io.close();
});

test("an image that is still being opened when its cluster is closed is not left open", async () => {
  const cluster = await Cluster.connect({ conf: t.conf });
  const io = await cluster.openPool(t.pool);
  const opening = io.openImage("disk").then(
    () => "opened",
    (error) => (error as RbdError).code,
  );
  await cluster.close();
  expect(await opening).toBe("CLOSED");
});

test("two clusters in one process are independent", async () => {
  await using one = await Cluster.connect({ conf: t.conf });
  await using two = await Cluster.connect({ conf: t.conf });
  expect(await one.instanceId()).not.toBe(await two.instanceId());
  await one.setSetting("rbd_cache", "false");
  expect(await one.getSetting("rbd_cache")).toBe("false");
  expect(await two.getSetting("rbd_cache")).toBe("true");
  await one.close();
  expect((await two.listPools()).map((pool) => pool.name)).toContain(t.pool);
});

test("a connection with encrypted messages", async () => {
  await using cluster = await Cluster.connect({ conf: t.conf, settings: { ms_client_mode: "secure" } });
  await using io = await cluster.openPool(t.pool);
  await using image = await io.openImage("disk");
  const data = Buffer.from("kept from others");
  await image.write(MiB, data);
  expect(await image.read(MiB, data.length)).toEqual(data);
});

test("errors name the call, the object and what to do next", async () => {
  const error = await t.io.openImage("absent").catch((e: unknown) => e);
  expect(error).toBeInstanceOf(RbdError);
  expect(error).toMatchObject({ code: "NOT_FOUND", errno: 2, call: "rbd_open", object: `${t.pool}/absent` });
  const conf = await Cluster.connect({ conf: "/nonexistent/ceph.conf" }).catch((e: unknown) => e);
  expect(conf).toMatchObject({ code: "NOT_FOUND", call: "rados_conf_read_file" });
  expect((conf as Error).message).toContain("/nonexistent/ceph.conf");
  const setting = await Cluster.connect({ conf: t.conf, settings: { no_such: "1" } }).catch(
    (e: unknown) => e,
  );
  expect(setting).toMatchObject({ code: "NOT_FOUND", call: "rados_conf_set" });
});
