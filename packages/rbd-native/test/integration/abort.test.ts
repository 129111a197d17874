import { type CallOptions, Cluster, CopyJob, type Image, writeSteps } from "rbd-native";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
const GiB = 2 ** 30;
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

test.each(["read", "readSparse"] as const)(
  "an aborted %s owns the caller's buffer until it rejects",
  async (method) => {
    await t.io.createImage(`owned-${method}`, { size: 64 * MiB });
    await using image = await t.io.openImage(`owned-${method}`);
    await image.write(0, Buffer.alloc(64 * MiB, "data"));
    const buffer = Buffer.alloc(64 * MiB);
    const controller = new AbortController();
    const reading = image[method](0, buffer, { signal: controller.signal });
    controller.abort(reason);
    await expect(reading).rejects.toBe(reason);
    buffer.fill(7);
    // Everything that was still under way would have ended by now.
    await image.read(0, 64 * MiB);
    expect(buffer.equals(Buffer.alloc(64 * MiB, 7))).toBe(true);
  },
);

test("a read whose signal is aborted while its range is checked is not made", async () => {
  await t.io.createImage("grown", { size: MiB });
  await using image = await t.io.openImage("grown");
  await using other = await t.io.openImage("grown");
  await other.resize(2 * MiB);
  const buffer = Buffer.alloc(MiB, 7);
  const controller = new AbortController();
  const calls = [
    image.read(MiB, buffer, { signal: controller.signal }),
    image.write(MiB, Buffer.alloc(MiB, 1), { signal: controller.signal }),
  ];
  controller.abort(reason);
  for (const result of await Promise.allSettled(calls)) expect(result).toMatchObject({ reason });
  expect(buffer.equals(Buffer.alloc(MiB, 7))).toBe(true);
  expect((await image.read(MiB, MiB)).equals(Buffer.alloc(MiB))).toBe(true);
});

interface Change {
  /** What has to be there before. */
  readonly prepare?: (image: Image) => Promise<unknown>;
  readonly make: (image: Image, o: CallOptions) => Promise<unknown>;
  readonly happened: (image: Image) => Promise<boolean>;
}

const size = 128 * MiB;
const holds = async (image: Image, expected: Buffer) =>
  (await image.read(0, expected.byteLength)).equals(expected);
const exists = (object: string) =>
  t.io.objects.stat(object).then(
    () => true,
    () => false,
  );

/** Calls that cannot be cancelled once they are submitted. */
const dataCalls: Record<string, Change> = {
  write: {
    make: (image, o) => image.write(0, Buffer.alloc(size, 1), o),
    happened: (image) => holds(image, Buffer.alloc(size, 1)),
  },
  writeBlock: {
    make: (image, o) => {
      const block = image.allocateBlock(size);
      block.data.fill(1);
      return image.writeBlock(0, block, o);
    },
    happened: (image) => holds(image, Buffer.alloc(size, 1)),
  },
  writeZeroes: {
    prepare: (image) => image.write(0, Buffer.alloc(size, 1)),
    make: (image, o) => image.writeZeroes(0, size, o),
    happened: (image) => holds(image, Buffer.alloc(size)),
  },
  discard: {
    prepare: (image) => image.write(0, Buffer.alloc(size, 1)),
    make: (image, o) => image.discard(0, size, o),
    happened: (image) => holds(image, Buffer.alloc(size)),
  },
  writeSame: {
    make: (image, o) => image.writeSame(0, size, Buffer.alloc(512, 1), o),
    happened: (image) => holds(image, Buffer.alloc(size, 1)),
  },
  compareAndWrite: {
    make: (image, o) => image.compareAndWrite(0, Buffer.alloc(512), Buffer.alloc(512, 1), o),
    happened: (image) => holds(image, Buffer.alloc(512, 1)),
  },
  "objects.write": {
    make: (image, o) => t.io.objects.write(image.name, [writeSteps.writeFull(Buffer.alloc(8 * MiB))], o),
    happened: (image) => exists(image.name),
  },
  "objects.writeForVersion": {
    make: (image, o) => t.io.objects.writeForVersion(image.name, [writeSteps.append("x")], o),
    happened: (image) => exists(image.name),
  },
  "objects.writeFull": {
    make: (image, o) => t.io.objects.writeFull(image.name, "x", o),
    happened: (image) => exists(image.name),
  },
  "objects.setOmap": {
    make: (image, o) => t.io.objects.setOmap(image.name, new Map([["key", "value"]]), o),
    happened: (image) => exists(image.name),
  },
  "objects.removeOmapKeys": {
    prepare: (image) => t.io.objects.setOmap(image.name, new Map([["key", "value"]])),
    make: (image, o) => t.io.objects.removeOmapKeys(image.name, ["key"], o),
    happened: async (image) => (await t.io.objects.readAllOmap(image.name)).size === 0,
  },
  "objects.setXattr": {
    make: (image, o) => t.io.objects.setXattr(image.name, "name", "value", o),
    happened: (image) => exists(image.name),
  },
  "objects.remove": {
    prepare: (image) => t.io.objects.writeFull(image.name, "x"),
    make: (image, o) => t.io.objects.remove(image.name, o),
    happened: async (image) => !(await exists(image.name)),
  },
};

/** Calls that are taken out of their queue, or cancelled at their next progress report. */
const blockingCalls: Record<string, Change> = {
  setMetadata: {
    make: (image, o) => image.setMetadata("key", "value", o),
    happened: async (image) => (await image.listMetadata()).has("key"),
  },
  createSnapshot: {
    make: (image, o) => image.createSnapshot("snapshot", o),
    happened: (image) => image.snapshotExists("snapshot"),
  },
  resize: {
    make: (image, o) => image.resize(2 * size, o),
    happened: async (image) => (await image.size()) === 2 * size,
  },
  copy: {
    make: (image, o) => image.copy(t.io, `${image.name}-copy`, o),
    happened: async (image) => (await t.io.listImages()).some(({ name }) => name === `${image.name}-copy`),
  },
  lockExclusive: {
    make: (image, o) => image.lockExclusive("cookie", o),
    happened: async (image) => (await image.lockInfo()).lockers.length > 0,
  },
};

async function openPrepared(name: string, { prepare }: Change): Promise<Image> {
  await t.io.createImage(name, { size });
  const image = await t.io.openImage(name);
  await prepare?.(image);
  return image;
}

describe("a call that changes something", () => {
  test.each(Object.entries({ ...dataCalls, ...blockingCalls }))(
    "%s is not made after an abort",
    async (name, call) => {
      await using image = await openPrepared(`before-${name}`, call);
      await expect(call.make(image, { signal: aborted() })).rejects.toBe(reason);
      expect(await call.happened(image)).toBe(false);
    },
  );

  test.each(Object.entries(dataCalls))("%s is waited for once it is submitted", async (name, call) => {
    await using image = await openPrepared(`after-${name}`, call);
    const controller = new AbortController();
    const making = call.make(image, { signal: controller.signal });
    controller.abort(reason);
    await making;
    expect(await call.happened(image)).toBe(true);
  });

  test.each(Object.entries(blockingCalls))("%s either fulfils or did not happen", async (name, call) => {
    for (const abort of ["at once", "soon"]) {
      await using image = await openPrepared(`${abort}-${name}`, call);
      const controller = new AbortController();
      const making = call.make(image, { signal: abort === "soon" ? soon() : controller.signal });
      controller.abort(reason);
      const [result] = await Promise.allSettled([making]);
      if (result.status === "rejected") expect(result.reason).toBe(reason);
      expect(await call.happened(image)).toBe(result.status === "fulfilled");
    }
  });

  test("flush is waited for", async () => {
    await using image = await t.io.openImage("disk");
    const controller = new AbortController();
    const flushing = image.flush({ signal: controller.signal });
    controller.abort(reason);
    await flushing;
  });

  test("a failure after an abort is reported as what it is", async () => {
    await using image = await t.io.openImage("disk", { readOnly: true });
    const controller = new AbortController();
    const writing = image.write(0, Buffer.alloc(512), { signal: controller.signal });
    controller.abort(reason);
    await expect(writing).rejects.toMatchObject({ code: "READ_ONLY" });
  });
});

describe("a change of several parts", () => {
  test.each(["writeZeroes", "discard"] as const)("%s stops after the part in flight", async (method) => {
    await t.io.createImage(`parts-${method}`, { size: 3 * GiB });
    await using image = await t.io.openImage(`parts-${method}`);
    const page = Buffer.alloc(MiB, 1);
    for (const offset of [0, 2 * GiB]) await image.write(offset, page);
    const controller = new AbortController();
    const clearing = image[method](0, 3 * GiB, { signal: controller.signal });
    controller.abort(reason);
    await expect(clearing).rejects.toMatchObject({ name: "RbdError", code: "CANCELED", cause: reason });
    await expect(clearing).rejects.toThrow(
      /aborted after 1073741824 of 3221225472 bytes, so part of it may have been done: not wanted any more/,
    );
    expect((await image.read(0, MiB)).equals(Buffer.alloc(MiB))).toBe(true);
    expect((await image.read(2 * GiB, MiB)).equals(page)).toBe(true);
  });

  test("a copy says how much was copied, and rejects with the reason when nothing was written", async () => {
    await t.io.createImage("from", { size: 64 * MiB });
    await t.io.createImage("to", { size: 64 * MiB });
    await using from = await t.io.openImage("from");
    await from.write(0, Buffer.alloc(64 * MiB, 1));
    await from.createSnapshot("s");
    const snapshotId = await from.snapshotId("s");
    await from.setSnapshot("s");
    await using to = await t.io.openImage("to");
    const source = { image: from, snapshotId };
    const plan = Float64Array.of(0, 64 * MiB, 1, 0);
    const copy = (target: Image | undefined) => {
      const controller = new AbortController();
      const job = new CopyJob({ bytesPerSecond: 8 * MiB });
      const { signal } = controller;
      return job.copy(source, target, plan, {
        signal,
        onProgress: ({ done }) => done > 0 && controller.abort(reason),
      });
    };
    const copying = copy(to);
    await expect(copying).rejects.toMatchObject({ name: "RbdError", code: "CANCELED", cause: reason });
    await expect(copying).rejects.toThrow(/after \d+ of 67108864 bytes, so part of it may have been done/);
    await expect(copy(undefined)).rejects.toBe(reason);
  });
});
