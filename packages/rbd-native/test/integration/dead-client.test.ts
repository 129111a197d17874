import { Cluster } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { runChild } from "./support/run-child.ts";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("dead-client");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

const blocklisted = async () =>
  (await t.cluster.monCommand({ prefix: "osd blocklist ls", format: "json" })).output.toString();

test("the exclusive lock of a client that died is seen, and broken with the client on the blocklist", async () => {
  await t.io.createImage("held", { size: MiB });
  const end = await runChild("hold-exclusive-lock.ts", { args: [t.conf, t.pool, "held"] });
  expect(end).toMatchObject({ signal: "SIGKILL", stderr: "" });
  await using image = await t.io.openImage("held");
  const owner = (await image.exclusiveLockOwner()) ?? "";
  // The automatic lock is one of the image's advisory locks, with the client's id and the same address.
  const { lockers } = await image.lockInfo();
  expect(lockers).toMatchObject([{ client: expect.stringMatching(/^client\.\d+$/), address: owner }]);
  // Its watch ends by itself after half a minute, at once when the client is blocklisted; the lock does not.
  await t.cluster.blocklist(owner, { seconds: 600 });
  expect(await blocklisted()).toContain(owner);
  await t.cluster.waitForLatestOsdMap();
  await expect
    .poll(async () => (await image.listWatchers()).map(({ address }) => address), { timeout: 20_000 })
    .not.toContain(owner);
  expect(await image.exclusiveLockOwner()).toBe(owner);
  await expect(image.breakExclusiveLock("10.1.2.3:0/4")).rejects.toMatchObject({ code: "BUSY" });
  await image.breakExclusiveLock(owner);
  expect(await image.exclusiveLockOwner()).toBeUndefined();
  expect((await image.read(0, 4)).toString()).toBe("held");
  await image.acquireExclusiveLock();
  await image.write(0, Buffer.alloc(512, "mine"));
});

test("breaking an exclusive lock puts its owner on the blocklist", async () => {
  await t.io.createImage("broken", { size: MiB });
  await runChild("hold-exclusive-lock.ts", { args: [t.conf, t.pool, "broken"] });
  await using image = await t.io.openImage("broken");
  const owner = (await image.exclusiveLockOwner()) ?? "";
  expect((await image.listWatchers()).map(({ address }) => address)).toContain(owner);
  await image.breakExclusiveLock(owner);
  expect(await blocklisted()).toContain(owner);
  expect(await image.exclusiveLockOwner()).toBeUndefined();
});

test("a client on the blocklist cannot write any more", async () => {
  await t.io.createImage("fenced", { size: MiB });
  const other = await Cluster.connect({ conf: t.conf });
  const io = await other.openPool(t.pool);
  const theirs = await io.openImage("fenced");
  await theirs.write(0, Buffer.alloc(512, 1));
  const [watcher] = await theirs.listWatchers();
  await t.cluster.blocklist(watcher?.address ?? "", { seconds: 600 });
  await other.waitForLatestOsdMap().catch(() => {});
  await expect(theirs.write(0, Buffer.alloc(512, 2))).rejects.toMatchObject({ code: "BLOCKLISTED" });
  await other.close().catch(() => {});
});

test("an advisory lock of another client is broken, and its holder put on the blocklist", async () => {
  await t.io.createImage("advised", { size: MiB });
  const other = await Cluster.connect({ conf: t.conf });
  const theirs = await (await other.openPool(t.pool)).openImage("advised");
  await theirs.lockExclusive("cookie");
  await using image = await t.io.openImage("advised");
  const [locker] = (await image.lockInfo()).lockers;
  expect(locker).toMatchObject({ client: `client.${await other.instanceId()}`, cookie: "cookie" });
  await expect(image.breakLock("client.1", "cookie")).rejects.toMatchObject({ code: "NOT_FOUND" });
  await image.breakLock(locker?.client ?? "", "cookie");
  expect((await image.lockInfo()).lockers).toEqual([]);
  expect(await blocklisted()).toContain(locker?.address);
  await other.close().catch(() => {});
});

test.each(["127.0.0.1", "127.0.0.1:0", "127.0.0.1:0/0", "127.0.0.0/8", "client.4123", "host:0/1", ""])(
  "%s, which does not name one client, is refused",
  async (address) => {
    await expect(t.cluster.blocklist(address)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    expect(await blocklisted()).not.toContain("/0");
  },
);

test.each([-1, 1.5, Number.NaN, 2 ** 32])("%s is no duration", async (seconds) => {
  await expect(t.cluster.blocklist("10.1.2.3:0/4", { seconds })).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
  expect(await blocklisted()).not.toContain("10.1.2.3");
});
