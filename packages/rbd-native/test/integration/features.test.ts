import { imageFeatures } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("features");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

test("an image moves to another layout while its name stays", async () => {
  await t.io.createImage("moving", { size: 8 * MiB });
  await using before = await t.io.openImage("moving");
  await before.write(MiB, Buffer.from("carried along"));
  await before.close();
  await t.io.migrations.prepare("moving", t.io, "moved", {
    order: 20,
    // librbd would keep the old unit, larger than the new objects.
    stripeUnit: MiB,
    stripeCount: 1,
  });
  expect(await t.io.migrations.status("moved")).toMatchObject({
    state: "prepared",
    source: { imageName: "moving" },
    target: { imageName: "moved", poolId: t.io.poolId },
  });
  await t.io.migrations.execute("moved");
  await t.io.migrations.commit("moved");
  await using after = await t.io.openImage("moved");
  expect((await after.stat()).order).toBe(20);
  expect((await after.read(MiB, 13)).toString()).toBe("carried along");
  await expect(t.io.migrations.status("moved")).rejects.toMatchObject({ name: "RbdError" });
});

// Deriving keys takes its time by design.
test("an encrypted image is plain text with the passphrase only", { timeout: 180_000 }, async () => {
  await t.io.createImage("secret", { size: 32 * MiB });
  await using image = await t.io.openImage("secret");
  await image.formatEncryption("open sesame", { format: "luks1", algorithm: "aes128" });
  await image.write(0, Buffer.from("for your eyes only"));
  expect(await image.size()).toBeLessThan(32 * MiB);
  await image.close();
  await using raw = await t.io.openImage("secret");
  expect((await raw.read(0, 4)).toString("latin1")).toBe("LUKS");
  await expect(raw.loadEncryption("close sesame", { format: "luks1" })).rejects.toMatchObject({
    code: "PERMISSION_DENIED",
  });
  await raw.loadEncryption("open sesame", { format: "luks1" });
  expect((await raw.read(0, 18)).toString()).toBe("for your eyes only");
});

test("settings and their sources", async () => {
  await t.io.createImage("set", { size: MiB });
  await using image = await t.io.openImage("set");
  await t.io.setMetadata("conf_rbd_cache_size", "16777216");
  await image.setMetadata("conf_rbd_readahead_max_bytes", "0");
  const pool = await t.io.configuration();
  expect(pool.find((entry) => entry.name === "rbd_cache_size")).toMatchObject({
    value: "16777216",
    source: "pool",
  });
  const own = await image.configuration();
  expect(own.find((entry) => entry.name === "rbd_readahead_max_bytes")).toMatchObject({ source: "image" });
  expect(own.find((entry) => entry.name === "rbd_cache_size")).toMatchObject({ source: "pool" });
  await t.io.removeMetadata("conf_rbd_cache_size");
});

test("statistics of a pool", async () => {
  const stats = await t.io.stats();
  expect(stats.images).toBe((await t.io.listImages()).length);
  expect(stats.provisionedBytes).toBeGreaterThan(0);
});

test("features are switched", async () => {
  await t.io.createImage("switched", { size: MiB, features: imageFeatures.layering });
  await using image = await t.io.openImage("switched");
  await image.updateFeatures(imageFeatures["exclusive-lock"] | imageFeatures["object-map"], true);
  // librbd adds fast-diff by itself.
  expect(await image.features()).toBe(
    imageFeatures.layering |
      imageFeatures["exclusive-lock"] |
      imageFeatures["object-map"] |
      imageFeatures["fast-diff"],
  );
  await image.rebuildObjectMap();
  await image.updateFeatures(imageFeatures["object-map"] | imageFeatures["fast-diff"], false);
  expect(await image.features()).toBe(imageFeatures.layering | imageFeatures["exclusive-lock"]);
});

test("mirroring by snapshots", async () => {
  await t.io.mirror.setMode("image");
  expect(await t.io.mirror.mode()).toBe("image");
  await t.cluster.setMirrorSiteName("here");
  expect(await t.cluster.mirrorSiteName()).toBe("here");
  expect(Buffer.from(await t.io.mirror.createBootstrap(), "base64").toString()).toContain(t.cluster.fsid);
  const peer = await t.io.mirror.addPeer("rx-tx", "there", "client.mirror");
  await t.io.mirror.updatePeer(peer, { siteName: "yonder" });
  await t.io.mirror.setPeerAttributes(peer, new Map([["mon_host", "10.0.0.1"]]));
  expect(await t.io.mirror.listPeers()).toMatchObject([
    { uuid: peer, siteName: "yonder", clientName: "client.mirror", direction: "rx-tx" },
  ]);
  expect((await t.io.mirror.peerAttributes(peer)).get("mon_host")).toBe("10.0.0.1");
  await t.io.createImage("mirrored", { size: MiB });
  await using image = await t.io.openImage("mirrored");
  expect((await image.mirror.info()).state).toBe("disabled");
  await image.mirror.enable("snapshot");
  const info = await image.mirror.info();
  expect(info).toMatchObject({ state: "enabled", primary: true, mode: "snapshot" });
  const id = await image.mirror.createSnapshot();
  const listed = (await image.listSnapshots()).find((s) => s.id === id);
  expect(listed?.namespace).toBe("mirror");
  expect(await image.mirror.snapshot(id)).toMatchObject({ state: "primary", complete: true });
  expect((await image.mirror.status()).info.globalId).toBe(info.globalId);
  expect((await t.io.mirror.listInfos()).get(image.id)).toEqual(info);
  expect((await t.io.mirror.listStatuses()).get(image.id)?.name).toBe("mirrored");
  expect((await t.io.mirror.statusSummary()).size).toBeGreaterThan(0);
  expect(await t.io.mirror.uuid()).not.toBe("");
  await image.mirror.demote();
  expect((await image.mirror.info()).primary).toBe(false);
  await image.mirror.promote();
  await image.mirror.disable();
  await t.io.mirror.removePeer(peer);
  await image.close();
  await t.io.mirror.setMode("disabled");
});

test("changes of an image are reported", async () => {
  await t.io.createImage("watched", { size: MiB });
  await using image = await t.io.openImage("watched");
  const updates = image.watchUpdates()[Symbol.asyncIterator]();
  const told = updates.next();
  await image.createSnapshot("news");
  expect((await told).done).toBe(false);
  await updates.return?.();
  const reason = new Error("enough");
  const controller = new AbortController();
  const watching = (async () => {
    for await (const _ of image.watchUpdates({ signal: controller.signal }));
  })();
  setImmediate(() => controller.abort(reason));
  await expect(watching).rejects.toBe(reason);
});

test("a snapshot waits until the image's user has quiesced", async () => {
  await t.io.createImage("used", { size: MiB });
  await using image = await t.io.openImage("used");
  const events: string[] = [];
  let refuse = false;
  const watch = await image.watchQuiesce({
    onQuiesce() {
      events.push("quiesce");
      if (refuse) throw new Error("cannot rest now");
    },
    onUnquiesce: () => events.push("unquiesce"),
  });
  await using other = await t.io.openImage("used");
  await other.createSnapshot("quiet");
  expect(events[0]).toBe("quiesce");
  refuse = true;
  await expect(other.createSnapshot("refused")).rejects.toMatchObject({ name: "RbdError" });
  await other.createSnapshot("forced", { ignoreQuiesceError: true });
  await watch.close();
  await watch.close();
});

test("an image that is watched can be closed", async () => {
  await t.io.createImage("closed", { size: MiB });
  const image = await t.io.openImage("closed");
  await image.watchQuiesce({ onQuiesce() {} });
  const updates = image.watchUpdates()[Symbol.asyncIterator]();
  void updates.next();
  await image.stat();
  await image.close();
});
