import { CopyJob, type Image } from "rbd-native";
import { afterAll, beforeAll, beforeEach, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

// librbd 16 ends the whole process when something is written to what an image had before another client shrank it.

const MiB = 2 ** 20;
let t: TestPool;
let name: string;
beforeAll(async () => {
  t = await openTestPool("resized");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});
let count = 0;
beforeEach(async () => {
  name = `disk-${++count}`;
  await t.io.createImage(name, { size: 8 * MiB });
});

function resize(size: string): void {
  t.rbd("resize", "--no-progress", "--allow-shrink", "--size", size, `${t.pool}/${name}`);
}

test("a range that another client appended is read and written", async () => {
  await using image = await t.io.openImage(name);
  resize("16M");
  await image.write(12 * MiB, Buffer.from("beyond"));
  expect((await image.read(12 * MiB, 6)).toString()).toBe("beyond");
  await expect(image.read(16 * MiB, 1)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  await using readOnly = await t.io.openImage(name, { readOnly: true });
  resize("20M");
  await expect(readOnly.read(18 * MiB, 1)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
});

const at = 6 * MiB;
const calls: Record<string, (image: Image) => Promise<unknown>> = {
  read: (image) => image.read(at, 10),
  write: (image) => image.write(at, Buffer.alloc(MiB, 1)),
  writeZeroes: (image) => image.writeZeroes(at, MiB),
  discard: (image) => image.discard(at, MiB),
  writeSame: (image) => image.writeSame(at, MiB, Buffer.alloc(4096, 1)),
  compareAndWrite: (image) => image.compareAndWrite(at, Buffer.alloc(512), Buffer.alloc(512, 1)),
  "CopyJob.copy": async (image) => {
    const source = { image, snapshotId: 2n ** 64n - 2n };
    return new CopyJob().copy(source, image, Float64Array.of(at, MiB, 0, 1));
  },
};

test.each(Object.keys(calls))(
  "%s beyond the size to which another client shrank the image is refused",
  async (call) => {
    await using image = await t.io.openImage(name);
    await image.write(at, Buffer.alloc(MiB, 255));
    resize("4M");
    await expect(calls[call]?.(image)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
    resize("8M");
    expect((await image.read(at, MiB)).equals(Buffer.alloc(MiB))).toBe(true);
  },
);
