import type { DiffExtents, Image } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
let t: TestPool;
let image: Image;
beforeAll(async () => {
  t = await openTestPool("diff");
  await t.io.createImage("disk", { size: 256 * MiB });
  image = await t.io.openImage("disk");
  await image.write(0, Buffer.alloc(2 * MiB, 1));
  await image.createSnapshot("one");
  await image.write(5 * MiB + 7, Buffer.from("changed"));
  await image.writeZeroes(0, MiB);
  await image.createSnapshot("two");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly exists: boolean;
}

function list(batch: DiffExtents): Extent[] {
  return Array.from({ length: batch.count }, (_, i) => ({
    offset: batch.offset(i),
    length: batch.length(i),
    exists: batch.exists(i),
  }));
}

async function collect(batches: AsyncIterable<DiffExtents>): Promise<Extent[]> {
  const extents: Extent[] = [];
  for await (const batch of batches) extents.push(...list(batch));
  return extents;
}

test("the same extents as rbd diff", async () => {
  const witness = t.rbdJson<{ offset: number; length: number; exists: string }[]>(
    "diff",
    "--from-snap",
    "one",
    `${t.pool}/disk@two`,
  );
  await using two = await t.io.openImage("disk", { snapshot: "two", readOnly: true });
  const found = await collect(two.diffIterate({ from: "one" }));
  expect(found).toEqual(witness.map((e) => ({ ...e, exists: String(e.exists) === "true" })));
  const covers = (offset: number) => found.some((e) => e.offset <= offset && offset < e.offset + e.length);
  expect([0, MiB - 1, 5 * MiB + 7].map(covers)).toEqual([true, true, true]);
  expect(covers(MiB + 1)).toBe(false);
  const objects = await collect(two.diffIterate({ from: "one", wholeObject: true }));
  expect(objects.map((e) => e.offset)).toEqual([0, 4 * MiB]);
  expect(await collect(two.diffIterate({ from: "one", offset: 4 * MiB, length: 4 * MiB }))).toEqual([
    found[1],
  ]);
});

test("an unknown snapshot is an error, not an empty diff", async () => {
  await expect(collect(image.diffIterate({ from: "absent" }))).rejects.toMatchObject({
    code: "NOT_FOUND",
    call: "rbd_diff_iterate2",
  });
  await expect(collect(image.diffIterate({ offset: 300 * MiB }))).rejects.toMatchObject({
    code: "OUT_OF_RANGE",
  });
});

test("leaving the loop stops the call and is no error", async () => {
  await using two = await t.io.openImage("disk", { snapshot: "two", readOnly: true });
  for await (const batch of two.diffIterate()) {
    expect(batch.count).toBeGreaterThan(0);
    break;
  }
  await two.close();
});

/** Enough objects to fill the channel several times, small enough to be made in seconds. */
const OBJECTS = 24_576;

test("many extents come in batches while the reader uses the same cluster", async () => {
  await t.io.createImage("scattered", { size: OBJECTS * 4096, order: 12 });
  await using scattered = await t.io.openImage("scattered");
  for (let at = 0; at < OBJECTS * 4096; at += 4 * MiB) await scattered.write(at, Buffer.alloc(4 * MiB, 3));
  await scattered.createSnapshot("all");
  await scattered.setSnapshot("all");
  let extents = 0;
  let batches = 0;
  for await (const batch of scattered.diffIterate({ wholeObject: true })) {
    batches++;
    extents += batch.count;
    // The diff may be blocked by the full channel now: every call must get through all the same.
    await scattered.read(batch.offset(0), 512);
    await scattered.stat();
    await t.io.listImages();
    await image.read(0, 4096);
  }
  expect(extents).toBe(OBJECTS);
  expect(batches).toBeGreaterThanOrEqual(OBJECTS / 4096);
});

test("more diffs than the long lane has threads, all blocked, let another long call through", async () => {
  await using scattered = await t.io.openImage("scattered", { snapshot: "all", readOnly: true });
  const diffs = Array.from({ length: 20 }, () =>
    scattered.diffIterate({ wholeObject: true })[Symbol.asyncIterator](),
  );
  for (const diff of diffs) expect((await diff.next()).done).toBe(false);
  await t.io.createImage("short-lived", { size: 8 * MiB });
  await t.io.removeImage("short-lived");
  for (const diff of diffs) await diff.return?.();
});

test("an aborted diff rejects with the reason", async () => {
  await using scattered = await t.io.openImage("scattered", { snapshot: "all", readOnly: true });
  const controller = new AbortController();
  const reason = new Error("enough");
  const reading = (async () => {
    for await (const _ of scattered.diffIterate({ wholeObject: true, signal: controller.signal }))
      controller.abort(reason);
  })();
  await expect(reading).rejects.toBe(reason);
  await expect(collect(scattered.diffIterate({ wholeObject: true, signal: controller.signal }))).rejects.toBe(
    reason,
  );
});

test("a diff whose image is closed meanwhile still delivers its remaining extents", async () => {
  const scattered = await t.io.openImage("scattered", { snapshot: "all", readOnly: true });
  const diff = scattered.diffIterate({ wholeObject: true })[Symbol.asyncIterator]();
  await diff.next();
  const closing = scattered.close();
  let extents = 0;
  for (let next = await diff.next(); !next.done; next = await diff.next()) extents += next.value.count;
  expect(extents).toBeGreaterThan(0);
  await closing;
});
