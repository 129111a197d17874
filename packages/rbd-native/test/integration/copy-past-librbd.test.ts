import { CopyJob, type Image } from "rbd-native";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
const size = 64 * MiB;
let t: TestPool;
let source: Image;
let snapshotId: bigint;

beforeAll(async () => {
  t = await openTestPool("copy-past");
  await t.io.createImage("source", { size, order: 20 });
  {
    await using image = await t.io.openImage("source");
    // An object in full, one with scattered pages, one of zeroes; the rest is not there.
    for (const at of [0, 1, 5, 62, 63]) await image.write(at * MiB, Buffer.alloc(MiB, at + 1));
    for (let page = 0; page < 256; page += 5)
      await image.write(9 * MiB + page * 4096, Buffer.alloc(4096, page));
    await image.write(20 * MiB, Buffer.alloc(MiB));
    await image.createSnapshot("s");
    snapshotId = await image.snapshotId("s");
  }
  source = await t.io.openImage("source", { snapshot: "s" });
});
afterAll(async () => {
  await source.close();
  await t[Symbol.asyncDispose]();
});

const from = () => ({ image: source, snapshotId });
const plan = (...extents: [offset: number, length: number, exists?: 0 | 1, isNeeded?: 0 | 1][]) =>
  Float64Array.from(
    extents.flatMap(([offset, length, exists = 1, isNeeded = 0]) => [offset, length, exists, isNeeded]),
  );
const everything = () => plan([0, size]);

/** A target whose lock is kept: copies to it go past librbd. */
async function held(name: string): Promise<Image> {
  await t.io.createImage(name, { size, order: 20 });
  const image = await t.io.openImage(name);
  await image.acquireExclusiveLock();
  return image;
}

async function contents(name: string, snapshot?: string): Promise<Buffer> {
  await using image = await t.io.openImage(name, { readOnly: true, snapshot });
  return await image.read(0, size);
}

function objectsOf(name: string): string[] {
  const { block_name_prefix: prefix } = t.rbdJson<{ block_name_prefix: string }>("info", `${t.pool}/${name}`);
  return t
    .rados("ls")
    .split("\n")
    .filter((object) => object.startsWith(`${prefix}.`))
    .map((object) => object.slice(prefix.length + 1))
    .sort();
}

/** Ceph looks at every object and marks a map as wrong that says something else. */
function expectRightMap(spec: string): void {
  t.rbd("object-map", "check", "--no-progress", `${t.pool}/${spec}`);
  expect(t.rbdJson<{ flags: string[] }>("info", `${t.pool}/${spec}`).flags, spec).toEqual([]);
}

describe("A copy to an image whose lock is kept", () => {
  test("holds the same bytes in the same objects, and its object map is right", async () => {
    {
      await using to = await held("same");
      const job = new CopyJob();
      await job.copy(from(), to, everything());
      // All extents of an object are one operation: a read for each that exists by the map, and a write for each with data.
      expect(job.counters().operations).toBe(7 + 6);
    }
    expect(objectsOf("same")).toEqual(
      [0, 1, 5, 9, 62, 63].map((number) => number.toString(16).padStart(16, "0")),
    );
    expect((await contents("same")).equals(await contents("source", "s"))).toBe(true);
    expectRightMap("same");
  });

  test("keeps the data of the target's snapshots, and diffs show the changes since", async () => {
    {
      await using to = await held("snapshots");
      await to.write(0, Buffer.alloc(2 * MiB, "x"));
      await to.write(30 * MiB, Buffer.alloc(MiB, "x"));
      await to.createSnapshot("before");
      await new CopyJob().copy(from(), to, plan([0, 6 * MiB, 1, 1], [30 * MiB, MiB, 0, 1]));
      await to.createSnapshot("after");
    }
    const expected = Buffer.alloc(size);
    expected.fill("x", 0, 2 * MiB).fill("x", 30 * MiB, 31 * MiB);
    expect((await contents("snapshots", "before")).equals(expected)).toBe(true);
    (await contents("source", "s")).copy(expected, 0, 0, 6 * MiB);
    expected.fill(0, 30 * MiB, 31 * MiB);
    expect((await contents("snapshots", "after")).equals(expected)).toBe(true);
    for (const spec of ["snapshots", "snapshots@before", "snapshots@after"]) expectRightMap(spec);
    const changed = t.rbdJson<{ offset: number }[]>(
      ...["diff", "--whole-object", "--from-snap", "before", `${t.pool}/snapshots@after`],
    );
    expect(changed.map(({ offset }) => Number(offset) / MiB)).toEqual([0, 1, 5, 30]);
  });

  test("its handle refuses calls that need a current object map, and accepts further copies", async () => {
    {
      await using to = await held("handle");
      await new CopyJob().copy(from(), to, plan([0, 2 * MiB]));
      const refused = { code: "INVALID_ARGUMENT" };
      await expect(to.read(0, 100)).rejects.toMatchObject(refused);
      await expect(to.read(0, 100)).rejects.toThrow("open the image again");
      await expect(to.write(0, Buffer.alloc(1))).rejects.toMatchObject(refused);
      await expect(to.discard(0, MiB)).rejects.toMatchObject(refused);
      await expect(to.resize(MiB, { allowShrink: true })).rejects.toMatchObject(refused);
      await to.flush();
      await to.setMetadata("key", "value");
      // Librbd does not know of the object that is to be zero now.
      await new CopyJob().copy(from(), to, plan([0, MiB, 0, 1], [62 * MiB, 2 * MiB]));
    }
    const found = await contents("handle");
    expect(found.subarray(0, MiB).equals(Buffer.alloc(MiB))).toBe(true);
    expect(found.subarray(MiB, 2 * MiB).equals(Buffer.alloc(MiB, 2))).toBe(true);
    expect(found.subarray(63 * MiB).equals(Buffer.alloc(MiB, 64))).toBe(true);
    expectRightMap("handle");
  });

  test("parallel parts do not overwrite each other's object map entries", async () => {
    {
      await using to = await held("parts");
      const job = new CopyJob();
      await Promise.all(Array.from({ length: 64 }, (_, i) => job.copy(from(), to, plan([i * MiB, MiB]))));
    }
    expect((await contents("parts")).equals(await contents("source", "s"))).toBe(true);
    expectRightMap("parts");
  });

  test("does not write once the lock was broken", async () => {
    const other = await openTestPool("copy-past-other");
    try {
      await using to = await held("broken");
      await using theirs = await (await other.cluster.openPool(t.pool)).openImage("broken");
      const owner = await theirs.exclusiveLockOwner();
      await theirs.breakExclusiveLock(owner as string);
      await theirs.acquireExclusiveLock();
      await expect(new CopyJob().copy(from(), to, everything())).rejects.toThrow();
      expect((await theirs.read(0, size)).equals(Buffer.alloc(size))).toBe(true);
    } finally {
      await other[Symbol.asyncDispose]();
    }
    expectRightMap("broken");
  });
});
