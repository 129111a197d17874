import { CopyJob, type Image } from "rbd-native";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
const size = 64 * MiB;
let t: TestPool;
let source: Image;
let snapshotId: bigint;

beforeAll(async () => {
  t = await openTestPool("copy");
  await t.io.createImage("source", { size, order: 20 });
  {
    await using image = await t.io.openImage("source");
    for (let at = 0; at < 32; at += 2) await image.write(at * MiB, Buffer.alloc(MiB, at + 1));
    // An object with a hole between two pages, and one that holds nothing but zeroes.
    await image.write(40 * MiB + 8192, Buffer.alloc(4096, "a"));
    await image.write(40 * MiB + 65_536, Buffer.alloc(1000, "b"));
    await image.write(42 * MiB, Buffer.alloc(MiB));
    await image.createSnapshot("s");
    snapshotId = await image.snapshotId("s");
  }
  source = await t.io.openImage("source", { snapshot: "s" });
});
afterAll(async () => {
  await source.close();
  await t[Symbol.asyncDispose]();
});

const from = (blockSize?: number) => ({ image: source, snapshotId, blockSize });
const plan = (...extents: [offset: number, length: number, exists?: 0 | 1, isNeeded?: 0 | 1][]) =>
  Float64Array.from(
    extents.flatMap(([offset, length, exists = 1, isNeeded = 0]) => [offset, length, exists, isNeeded]),
  );

async function target(name: string, bytes = size): Promise<Image> {
  await t.io.createImage(name, { size: bytes });
  return await t.io.openImage(name);
}

async function contents(image: Image): Promise<Buffer> {
  return await image.read(0, size);
}

describe("CopyJob", () => {
  test("copies the extents of a plan, and sends no zeroes", async () => {
    await using to = await target("all");
    const job = new CopyJob();
    const { blocks } = await job.copy(from(), to, plan([0, size]));
    await to.flush();
    expect(blocks).toEqual(Float64Array.from({ length: 64 }, (_, i) => i));
    expect((await contents(to)).equals(await contents(source))).toBe(true);
    const { bytesRead, bytesWritten, bytesSkipped } = job.counters();
    expect(bytesWritten).toBeLessThan(17 * MiB);
    expect(bytesRead).toBeLessThan(18 * MiB);
    expect(bytesWritten + bytesSkipped).toBe(size);
  });

  test("zeroes the ranges that need it", async () => {
    await using to = await target("zeroed");
    await to.write(0, Buffer.alloc(size, 255));
    await new CopyJob().copy(
      from(),
      to,
      plan([0, 20 * MiB, 1, 1], [20 * MiB, 12 * MiB, 0, 1], [40 * MiB, 4 * MiB, 1, 1]),
    );
    await to.flush();
    const [expected, found] = [Buffer.alloc(size, 255), await contents(to)];
    const held = await contents(source);
    held.copy(expected, 0, 0, 20 * MiB);
    expected.fill(0, 20 * MiB, 32 * MiB);
    held.copy(expected, 40 * MiB, 40 * MiB, 44 * MiB);
    expect(found.equals(expected)).toBe(true);
  });

  test("gives the same digests however the extents are split, read or written", async () => {
    await using to = await target("digested");
    const job = new CopyJob();
    const whole = await job.copy(from(), to, plan([0, size]));
    await to.flush();
    await to.createSnapshot("s");
    const cut = await job.copy(from(), undefined, plan([0, 5000], [5000, 100], [5100, size - 5100]));
    expect(cut.digests).toEqual(whole.digests);
    // Through librbd, from an image with objects of another size.
    await using copied = await t.io.openImage("digested", { snapshot: "s" });
    const reading = { image: copied, snapshotId: await to.snapshotId("s"), blockSize: MiB };
    expect((await job.copy(reading, undefined, plan([0, size]))).digests).toEqual(whole.digests);
    const digest = (block: number) =>
      Buffer.from(whole.digests.subarray(16 * block, 16 * block + 16)).toString("hex");
    expect(digest(1)).toBe(digest(42));
    expect(digest(0)).not.toBe(digest(2));
    expect((await job.copy(from(), undefined, plan([0, size]), { digests: false })).digests).toHaveLength(0);
  });

  test("stops when it is aborted, with nothing in flight", async () => {
    await using to = await target("aborted");
    const job = new CopyJob({ bytesPerSecond: 1 });
    const abort = new AbortController();
    const copying = job.copy(from(), to, plan([0, size]), {
      signal: abort.signal,
      onProgress: () => abort.abort(new Error("enough")),
    });
    await expect(copying).rejects.toThrow("enough");
    const { operations } = job.counters();
    await to.flush();
    expect(job.counters().operations).toBe(operations);
  });

  test("names the extent that fails", async () => {
    await t.io.createImage("read-only", { size });
    await using closedToWrites = await t.io.openImage("read-only", { readOnly: true });
    const failing = new CopyJob().copy(from(), closedToWrites, plan([2 * MiB, 100]));
    await expect(failing).rejects.toMatchObject({ code: "READ_ONLY" });
    await expect(failing).rejects.toThrow("offset 2097152, length 100");
  });

  test("refuses invalid plans", async () => {
    await using small = await target("small", MiB);
    const job = new CopyJob();
    const refused = (to: Image | undefined, extents: Float64Array) =>
      expect(job.copy(from(), to, extents)).rejects;
    await refused(undefined, plan([10, 5], [0, 5])).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused(undefined, plan([10, 5], [14, 5])).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused(undefined, plan([10, 0])).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused(undefined, plan([0.5, 1])).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused(undefined, plan([Number.NaN, 1])).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused(undefined, Float64Array.of(1, 2, 3)).toMatchObject({ code: "INVALID_ARGUMENT" });
    await refused(undefined, plan([size - 1, 2])).toMatchObject({ code: "OUT_OF_RANGE" });
    await refused(small, plan([MiB, 1])).toMatchObject({ code: "OUT_OF_RANGE" });
    expect(() => job.setLimits({ bytesPerSecond: -1 })).toThrow("must not be negative");
    expect((await job.copy(from(), undefined, plan())).blocks).toHaveLength(0);
  });
});
