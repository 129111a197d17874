import { Cluster } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("abort");
  await t.io.createImage("disk", { size: 16 * MiB, order: 20 });
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

const reason = new Error("not wanted any more");
const aborted = () => AbortSignal.abort(reason);
/** Aborted in the next turn of the event loop, when the call is on its way. */
function soon(): AbortSignal {
  const controller = new AbortController();
  setImmediate(() => controller.abort(reason));
  return controller.signal;
}

test("no call is made with a signal that is already aborted", async () => {
  await using image = await t.io.openImage("disk");
  const o = { signal: aborted() };
  await expect(Cluster.connect({ conf: t.conf, ...o })).rejects.toBe(reason);
  await expect(t.cluster.openPool(t.pool, o)).rejects.toBe(reason);
  await expect(t.io.openImage("disk", o)).rejects.toBe(reason);
  await expect(t.io.createImage("never", { size: MiB, ...o })).rejects.toBe(reason);
  await expect(t.io.removeImage("disk", o)).rejects.toBe(reason);
  await expect(image.read(0, 1, o)).rejects.toBe(reason);
  await expect(image.write(0, Buffer.alloc(1), o)).rejects.toBe(reason);
  await expect(image.writeZeroes(0, 1, o)).rejects.toBe(reason);
  await expect(image.flush(o)).rejects.toBe(reason);
  await expect(image.stat(o)).rejects.toBe(reason);
  await expect(image.flatten(o)).rejects.toBe(reason);
  await expect(t.io.objects.stat("rbd_directory", o)).rejects.toBe(reason);
  expect((await t.io.listImages()).map((entry) => entry.name)).toEqual(["disk"]);
});

test("a call that only reads rejects at once, and a handle that still arrives is closed", async () => {
  await expect(Cluster.connect({ conf: t.conf, signal: soon() })).rejects.toBe(reason);
  const opening = Array.from({ length: 64 }, () => t.io.openImage("disk", { signal: soon() }));
  for (const result of await Promise.allSettled(opening)) {
    if (result.status === "fulfilled") await result.value.close();
    else expect(result.reason).toBe(reason);
  }
  await using image = await t.io.openImage("disk");
  const reads = Array.from({ length: 16 }, (_, i) => image.read(i * MiB, MiB, { signal: soon() }));
  for (const result of await Promise.allSettled(reads)) {
    if (result.status === "rejected") expect(result.reason).toBe(reason);
  }
});

async function cloned(name: string): Promise<void> {
  await using image = await t.io.openImage("disk");
  if (!(await image.snapshotExists("base"))) {
    await image.write(0, Buffer.alloc(16 * MiB, 1));
    await image.createSnapshot("base");
  }
  await t.io.clone({ pool: t.io, image: "disk", snapshot: "base" }, name, { cloneFormat: 2 });
}

test("an aborted flatten stops and leaves the clone its parent", async () => {
  await cloned("flattened");
  await using clone = await t.io.openImage("flattened");
  await t.cluster.setSetting("rbd_concurrent_management_ops", "1");
  await using slow = await t.io.openImage("flattened");
  const controller = new AbortController();
  const flattening = slow.flatten({ signal: controller.signal, onProgress: () => controller.abort(reason) });
  await expect(flattening).rejects.toBe(reason);
  expect(await clone.parent()).not.toBeNull();
  await clone.flatten();
  expect(await clone.parent()).toBeNull();
});

test("an exception of the progress listener ends the call and is its rejection", async () => {
  await cloned("listened");
  await using clone = await t.io.openImage("listened");
  const failure = new Error("the listener failed");
  const flattening = clone.flatten({
    onProgress: () => {
      throw failure;
    },
  });
  await expect(flattening).rejects.toBe(failure);
});

test("progress goes up to the total and comes at most about twenty times a second", async () => {
  await t.io.createImage("filled", { size: 256 * MiB, order: 18 });
  const started = performance.now();
  const reports: { done: number; total: number }[] = [];
  await t.io.removeImage("filled", { onProgress: (progress) => reports.push(progress) });
  const seconds = (performance.now() - started) / 1000;
  expect(reports.length).toBeGreaterThan(0);
  expect(reports.length).toBeLessThanOrEqual(20 * seconds + 2);
  for (let i = 1; i < reports.length; i++) {
    expect(reports[i]?.done).toBeGreaterThanOrEqual(reports[i - 1]?.done ?? 0);
  }
  expect(reports.at(-1)?.done).toBeGreaterThan(0);
});

test("a call that still waits in the queue is never made", async () => {
  await using image = await t.io.openImage("disk");
  const controller = new AbortController();
  const { signal } = controller;
  const calls = Array.from({ length: 100 }, (_, i) => image.setMetadata(`key-${i}`, "value", { signal }));
  controller.abort(reason);
  const results = await Promise.allSettled(calls);
  const done = results.filter((result) => result.status === "fulfilled").length;
  expect(done).toBeLessThan(100);
  for (const result of results) if (result.status === "rejected") expect(result.reason).toBe(reason);
  expect((await image.listMetadata()).size).toBe(done);
});
