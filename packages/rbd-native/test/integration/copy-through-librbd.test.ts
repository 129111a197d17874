import { CopyJob, type Image } from "rbd-native";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
const size = 8 * MiB;
const journaled = ["layering", "exclusive-lock", "object-map", "fast-diff", "journaling"].join();
let t: TestPool;
let source: Image;
let snapshotId: bigint;

beforeAll(async () => {
  t = await openTestPool("copy-through");
  await t.io.createImage("source", { size, order: 20 });
  {
    await using image = await t.io.openImage("source");
    await image.write(0, Buffer.alloc(3 * MiB, 1));
    await image.write(5 * MiB + 4096, Buffer.alloc(8192, 2));
    await image.createSnapshot("s");
    snapshotId = await image.snapshotId("s");
  }
  source = await t.io.openImage("source", { snapshot: "s" });
});
afterAll(async () => {
  await source.close();
  await t[Symbol.asyncDispose]();
});

const data = () => Float64Array.from([0, 3 * MiB, 1, 0, 5 * MiB + 4096, 8192, 1, 0]);
const headId = 2n ** 64n - 2n;

async function expectCopied(image: Image): Promise<void> {
  const [found, wanted] = [await image.read(0, size), await source.read(0, size)];
  expect(found.equals(wanted)).toBe(true);
}

async function copyFrom(image: Image, snapshot: bigint): Promise<Buffer> {
  const name = `copy-${crypto.randomUUID()}`;
  await t.io.createImage(name, { size, order: 20 });
  await using to = await t.io.openImage(name);
  await new CopyJob().copy({ image, snapshotId: snapshot }, to, Float64Array.from([0, size, 1, 0]));
  await to.flush();
  return await to.read(0, size);
}

describe("A copy is read through librbd", () => {
  test("from an image that is being migrated: its objects are still the old image's", async () => {
    await t.io.createImage("moving", { size, order: 20 });
    {
      await using image = await t.io.openImage("moving");
      await image.write(MiB, Buffer.alloc(MiB, 7));
    }
    await t.io.migrations.prepare("moving", t.io, "moved", {});
    await using moved = await t.io.openImage("moved", { readOnly: true });
    const found = await copyFrom(moved, headId);
    expect(found.subarray(MiB, 2 * MiB).equals(Buffer.alloc(MiB, 7))).toBe(true);
  });

  test("from a striped image, and where the source's objects are of another size", async () => {
    const stripes = { stripeUnit: MiB / 4, stripeCount: 3 };
    await t.io.createImage("striped", { size, order: 20, ...stripes });
    await using image = await t.io.openImage("striped");
    await image.write(MiB, await source.read(0, 3 * MiB));
    await image.flush();
    const found = await copyFrom(image, headId);
    expect(found.equals(await image.read(0, size))).toBe(true);
  });
});

test("A copy to and from an encrypted image goes through librbd: its objects hold what is encrypted", {
  timeout: 180_000,
}, async () => {
  await t.io.createImage("secret", { size: size + 8 * MiB, order: 20 });
  await using image = await t.io.openImage("secret");
  // The handle encrypts from then on. Deriving the key takes seconds by design.
  await image.formatEncryption("open sesame", { format: "luks1", algorithm: "aes128" });
  await image.acquireExclusiveLock();
  await new CopyJob().copy({ image: source, snapshotId }, image, data());
  await image.flush();
  await expectCopied(image);
  expect((await copyFrom(image, headId)).equals(await source.read(0, size))).toBe(true);
});

describe("A copy is written through librbd", () => {
  test("to a clone: its objects have to be copied up", async () => {
    const parent = { pool: t.io, image: "source", snapshot: "s" };
    await t.io.clone(parent, "child", { order: 20, cloneFormat: 2 });
    {
      await using to = await t.io.openImage("child");
      await to.acquireExclusiveLock();
      const few = Float64Array.from([5 * MiB + 4096, 4096, 1, 0]);
      await new CopyJob().copy({ image: source, snapshotId }, to, few);
      await to.flush();
      await expectCopied(to);
    }
    await using again = await t.io.openImage("child", { readOnly: true });
    await expectCopied(again);
  });

  test("to a journaled image: its journal holds the writes", async () => {
    t.rbd(
      "create",
      "--size",
      "8M",
      "--object-size",
      "1M",
      "--image-feature",
      journaled,
      `${t.pool}/journaled`,
    );
    await using to = await t.io.openImage("journaled");
    await to.acquireExclusiveLock();
    await new CopyJob().copy({ image: source, snapshotId }, to, data());
    await to.flush();
    await expectCopied(to);
    expect(t.rbd("journal", "inspect", "--verbose", "--image", "journaled", "--pool", t.pool)).toContain(
      "AioWrite",
    );
  });

  test("to a striped image, and without a lock that is kept: the handle stays usable", async () => {
    await t.io.createImage("striped-target", { size, order: 20, stripeUnit: MiB / 2, stripeCount: 2 });
    await t.io.createImage("unlocked", { size, order: 20 });
    for (const name of ["striped-target", "unlocked"]) {
      await using to = await t.io.openImage(name);
      if (name !== "unlocked") await to.acquireExclusiveLock();
      await new CopyJob().copy({ image: source, snapshotId }, to, data());
      await to.flush();
      await expectCopied(to);
    }
  });
});
