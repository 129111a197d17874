import { randomBytes } from "node:crypto";
import { readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { CopyJob, type DiffExtents, type Image } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const KiB = 1024;
const MiB = 2 ** 20;
/** Over a multiple of 256 MiB, and not a whole number of objects. */
const SIZE = 260 * MiB + 12 * KiB + 512;
let t: TestPool;
let disk: Image;
let later: Image;
let changed: Image;
beforeAll(async () => {
  t = await openTestPool("ranges");
  await t.io.createImage("disk", { size: SIZE });
  {
    await using image = await t.io.openImage("disk");
    await image.write(0, randomBytes(3 * MiB + 5));
    await image.write(8 * MiB + 4 * KiB, Buffer.alloc(8 * KiB, "a"));
    await image.write(12 * MiB, Buffer.alloc(5 * MiB));
    await image.write(256 * MiB - 6 * KiB, randomBytes(20 * KiB));
    await image.write(SIZE - 100, randomBytes(100));
    await image.createSnapshot("one");
    await image.write(8 * MiB, Buffer.alloc(4 * KiB, "b"));
    await image.writeZeroes(8 * MiB + 4 * KiB, 4 * KiB);
    await image.write(256 * MiB - 1, Buffer.from("x-x"));
    await image.createSnapshot("two");
  }
  await t.io.clone({ pool: t.io, image: "disk", snapshot: "one" }, "clone");
  {
    await using clone = await t.io.openImage("clone");
    await clone.write(100 * MiB, Buffer.alloc(MiB, "c"));
    await clone.createSnapshot("s");
  }
  disk = await t.io.openImage("disk", { snapshot: "one", readOnly: true });
  later = await t.io.openImage("disk", { snapshot: "two", readOnly: true });
  changed = await t.io.openImage("clone", { snapshot: "s", readOnly: true });
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

interface Extent {
  readonly offset: number;
  readonly length: number;
  readonly exists: boolean;
}

const list = (batch: DiffExtents): Extent[] =>
  Array.from({ length: batch.count }, (_, i) => ({
    offset: batch.offset(i),
    length: batch.length(i),
    exists: batch.exists(i),
  }));

async function collect(batches: AsyncIterable<DiffExtents>): Promise<Extent[]> {
  const extents: Extent[] = [];
  for await (const batch of batches) extents.push(...list(batch));
  return extents;
}

/** What rbd reads. */
function exported(spec: string): Buffer {
  const file = join(tmpdir(), `${t.pool}.raw`);
  try {
    t.rbd("export", "--no-progress", `${t.pool}/${spec}`, file);
    return readFileSync(file);
  } finally {
    rmSync(file, { force: true });
  }
}

/** Grains of one kind joined, cut where the answers are: the slow and obvious way. */
function expectedRuns(bytes: Buffer, grain: number, kind: (from: number, to: number) => boolean | undefined) {
  const runs: Extent[] = [];
  for (let at = 0; at < bytes.length; at += grain) {
    const end = Math.min(at + grain, bytes.length);
    const exists = kind(at, end);
    if (exists === undefined) continue;
    const last = runs.at(-1);
    if (last && last.exists === exists && last.offset + last.length === at && at % (256 * MiB) !== 0) {
      runs[runs.length - 1] = { ...last, length: last.length + end - at };
    } else {
      runs.push({ offset: at, length: end - at, exists });
    }
  }
  return runs;
}

const zeroes = Buffer.alloc(4 * MiB);
const hasData = (bytes: Buffer) => (from: number, to: number) =>
  bytes.compare(zeroes, 0, to - from, from, to) !== 0;

test("data and zeroes are classified as in an rbd export", async () => {
  const bytes = exported("disk@one");
  for (const grain of [512, 4096, 65_536]) {
    expect(await collect(disk.scanZeroes({ grain }))).toEqual(expectedRuns(bytes, grain, hasData(bytes)));
  }
  const clone = exported("clone@s");
  expect(await collect(changed.scanZeroes())).toEqual(expectedRuns(clone, 4096, hasData(clone)));
  expect(await collect(disk.scanZeroes({ offset: 3 * MiB, length: 6 }))).toEqual([
    { offset: 3 * MiB, length: 6, exists: true },
  ]);
  expect(await collect(disk.scanZeroes({ offset: SIZE }))).toEqual([]);
});

test("differences between two snapshots, and between a clone and its parent", async () => {
  const [one, two, clone] = [exported("disk@one"), exported("disk@two"), exported("clone@s")];
  const differing = (a: Buffer, b: Buffer) => (from: number, to: number) =>
    a.compare(b, from, to, from, to) === 0 ? undefined : hasData(a)(from, to);
  const found = await collect(later.differences(disk));
  expect(found).toEqual(expectedRuns(two, 4096, differing(two, one)));
  expect(found).toContainEqual({ offset: 8 * MiB, length: 4 * KiB, exists: true });
  expect(found).toContainEqual({ offset: 8 * MiB + 4 * KiB, length: 4 * KiB, exists: false });
  expect(await collect(changed.differences(disk))).toEqual(expectedRuns(clone, 4096, differing(clone, one)));
  expect(await collect(disk.differences(disk))).toEqual([]);
  for await (const batch of changed.differences(disk, { grain: 512 })) {
    expect(batch.offset(0)).toBe(100 * MiB);
    break;
  }
});

test("digests equal those of a copy job, and depend on the block's contents", async () => {
  await using image = await t.io.openImage("disk");
  const snapshotId = await image.snapshotId("one");
  for (const blockSize of [undefined, MiB, 12 * KiB]) {
    const source = { image: disk, snapshotId, blockSize };
    const whole = await new CopyJob().copy(source, undefined, Float64Array.of(0, SIZE, 1, 0));
    expect(await disk.digestBlocks({ blockSize })).toEqual(whole.digests);
  }
  const digests = Buffer.from(await disk.digestBlocks());
  const digest = (block: number) => digests.toString("hex", 16 * block, 16 * block + 16);
  expect(digests.length).toBe(16 * 66);
  expect(digest(3)).toBe(digest(10));
  const after = Buffer.from(await later.digestBlocks());
  const changedBlocks = Array.from({ length: 66 }, (_, i) => i).filter(
    (i) => !digests.subarray(16 * i, 16 * i + 16).equals(after.subarray(16 * i, 16 * i + 16)),
  );
  expect(changedBlocks).toEqual([2, 63, 64]);
  // Parts of the first and the last block.
  const part = await disk.digestBlocks({ offset: 2 * MiB, length: 4 * MiB });
  expect(part.length).toBe(32);
  expect(Buffer.from(part).toString("hex", 0, 16)).not.toBe(digest(0));
});

test("a sparse read fills the buffer and returns the data extents", async () => {
  const bytes = exported("disk@one");
  const buffer = Buffer.alloc(20 * MiB + 10, 0xee);
  const { data, extents } = await disk.readSparse(MiB, buffer.subarray(5, -5));
  expect(data.buffer).toBe(buffer.buffer);
  expect(data.equals(bytes.subarray(MiB, 21 * MiB))).toBe(true);
  expect([...buffer.subarray(0, 5), ...buffer.subarray(-5)].every((byte) => byte === 0xee)).toBe(true);
  expect(list(extents)).toEqual([
    { offset: MiB, length: 2 * MiB + 4 * KiB, exists: true },
    { offset: 3 * MiB + 4 * KiB, length: 5 * MiB, exists: false },
    { offset: 8 * MiB + 4 * KiB, length: 8 * KiB, exists: true },
    { offset: 8 * MiB + 12 * KiB, length: 13 * MiB - 12 * KiB, exists: false },
  ]);
  const last = await disk.readSparse(SIZE - 200, 200, { grain: 512 });
  expect(last.data.equals(bytes.subarray(-200))).toBe(true);
});

test("invalid ranges and grains are refused", async () => {
  const refused = (batches: AsyncIterable<DiffExtents>) => expect(collect(batches)).rejects;
  await refused(disk.scanZeroes({ grain: 1000 })).toMatchObject({ code: "INVALID_ARGUMENT" });
  await refused(disk.scanZeroes({ grain: 8 * MiB })).toMatchObject({ code: "INVALID_ARGUMENT" });
  await refused(disk.scanZeroes({ offset: -1 })).toMatchObject({ code: "INVALID_ARGUMENT" });
  await refused(disk.scanZeroes({ offset: SIZE, length: 1 })).toMatchObject({ code: "OUT_OF_RANGE" });
  await expect(disk.digestBlocks({ blockSize: 1000 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(disk.digestBlocks({ blockSize: 0 })).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(disk.readSparse(SIZE - 1, 2)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  await t.io.createImage("small", { size: MiB });
  await using small = await t.io.openImage("small");
  await refused(small.differences(disk)).toMatchObject({ code: "OUT_OF_RANGE", object: `${t.pool}/small` });
  await refused(disk.differences(small, { length: MiB + 1 })).toMatchObject({ code: "OUT_OF_RANGE" });
  expect(await collect(disk.differences(small, { length: MiB }))).toEqual([
    { offset: 0, length: MiB, exists: true },
  ]);
});

test("an abort ends them, and the image can be closed", async () => {
  await using image = await t.io.openImage("disk", { snapshot: "one" });
  const reason = new Error("not wanted any more");
  const soon = () => {
    const controller = new AbortController();
    setImmediate(() => controller.abort(reason));
    return controller.signal;
  };
  await expect(collect(image.scanZeroes({ signal: AbortSignal.abort(reason) }))).rejects.toBe(reason);
  await expect(collect(image.scanZeroes({ signal: soon() }))).rejects.toBe(reason);
  await expect(collect(image.differences(disk, { signal: soon() }))).rejects.toBe(reason);
  await expect(image.digestBlocks({ signal: soon() })).rejects.toBe(reason);
  await expect(image.readSparse(0, SIZE, { signal: soon() })).rejects.toBe(reason);
  const seen: number[] = [];
  await image.digestBlocks({ onProgress: ({ done }) => seen.push(done) });
  expect(seen.length).toBeGreaterThan(0);
  const scanning = expect(collect(image.scanZeroes())).rejects.toMatchObject({ code: "CLOSED" });
  await image.close();
  await scanning;
});

test("memory does not grow with the range", async () => {
  await t.io.createImage("large", { size: 2 ** 32 });
  {
    await using image = await t.io.openImage("large");
    const piece = randomBytes(16 * MiB);
    for (let at = 0; at < 512 * MiB; at += piece.length) await image.write(at, piece);
  }
  await using image = await t.io.openImage("large", { readOnly: true });
  await image.digestBlocks({ length: 128 * MiB });
  const before = process.memoryUsage.rss();
  let most = 0;
  const watching = setInterval(() => {
    most = Math.max(most, process.memoryUsage.rss());
  }, 20);
  const digests = await image.digestBlocks();
  clearInterval(watching);
  expect(digests.length).toBe(16 * 1024);
  expect(most - before).toBeLessThan(128 * MiB);
});
