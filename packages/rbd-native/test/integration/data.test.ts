import { randomBytes } from "node:crypto";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type Image, ioHints } from "rbd-native";
import { afterAll, beforeAll, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

const MiB = 2 ** 20;
const SIZE = 64 * MiB;
let t: TestPool;
let image: Image;
beforeAll(async () => {
  t = await openTestPool("data");
  await t.io.createImage("disk", { size: SIZE });
  image = await t.io.openImage("disk");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

test("written data is read back, here and by rbd", async () => {
  const pieces = [
    { offset: 0, data: randomBytes(4 * MiB) },
    { offset: 10 * MiB - 3, data: randomBytes(7) },
    { offset: SIZE - 5 * MiB, data: randomBytes(5 * MiB) },
  ];
  await Promise.all(pieces.map(({ offset, data }) => image.write(offset, data)));
  await image.flush();
  for (const { offset, data } of pieces)
    expect((await image.read(offset, data.length)).equals(data)).toBe(true);

  const file = join(tmpdir(), `${t.pool}.raw`);
  try {
    t.rbd("export", "--no-progress", `${t.pool}/disk`, file);
    expect(readFileSync(file).equals(await image.read(0, SIZE))).toBe(true);
    const other = randomBytes(3 * MiB);
    writeFileSync(file, other);
    t.rbd("import", "--no-progress", file, `${t.pool}/imported`);
    await using imported = await t.io.openImage("imported");
    expect((await imported.read(0, other.length)).equals(other)).toBe(true);
  } finally {
    rmSync(file, { force: true });
  }
});

test("reading into the caller's buffer", async () => {
  const data = randomBytes(64 * 1024);
  await image.write(MiB, data);
  const buffer = Buffer.alloc(data.length + 20, 0xee);
  const view = buffer.subarray(10, 10 + data.length);
  const result = await image.read(MiB, view);
  expect(result.buffer).toBe(buffer.buffer);
  expect(view.equals(data)).toBe(true);
  expect(buffer.subarray(0, 10).every((byte) => byte === 0xee)).toBe(true);
  expect(buffer.subarray(-10).every((byte) => byte === 0xee)).toBe(true);
  const shared = new Uint8Array(new SharedArrayBuffer(16));
  await image.read(MiB, shared);
  expect(Buffer.from(shared).equals(data.subarray(0, 16))).toBe(true);
});

test("writeZeroes zeroes ranges that are smaller than a discard", async () => {
  await image.write(0, Buffer.alloc(128 * 1024, 0xff));
  await image.writeZeroes(4096, 4096);
  const read = await image.read(0, 3 * 4096);
  expect(read.subarray(4096, 8192).equals(Buffer.alloc(4096))).toBe(true);
  expect(read.subarray(0, 4096).every((byte) => byte === 0xff)).toBe(true);
  expect(read.subarray(8192).every((byte) => byte === 0xff)).toBe(true);
});

test("a discard below 64 KiB leaves the data, one of whole objects frees them", async () => {
  await image.write(4 * MiB, Buffer.alloc(4 * MiB, 0xff));
  await image.discard(4 * MiB, 4096);
  expect((await image.read(4 * MiB, 4096)).every((byte) => byte === 0xff)).toBe(true);
  await image.discard(4 * MiB, 4 * MiB);
  expect((await image.read(4 * MiB, 4 * MiB)).every((byte) => byte === 0)).toBe(true);
});

test("zeroing and discarding more than one call takes", async () => {
  const size = 5 * 2 ** 30;
  await t.io.createImage("large", { size });
  await using large = await t.io.openImage("large");
  for (const offset of [0, 2 ** 30 - 2, size - 4]) await large.write(offset, Buffer.from("data"));
  await large.writeZeroes(1, size - 2);
  const ends = Buffer.concat([
    await large.read(0, 4),
    await large.read(2 ** 30 - 2, 4),
    await large.read(size - 4, 4),
  ]);
  expect(ends.toString("latin1")).toBe(`d\0\0\0\0\0\0\0\0\0\0a`);
  await large.discard(0, size);
  expect((await large.read(0, 4)).equals(Buffer.alloc(4))).toBe(true);
});

test("writing one pattern over a range", async () => {
  await image.writeSame(20 * MiB, MiB, Buffer.from("0123456789abcdef".repeat(32)));
  const read = await image.read(20 * MiB, MiB);
  expect(read.equals(Buffer.alloc(MiB, "0123456789abcdef"))).toBe(true);
  await expect(image.writeSame(0, 1000, Buffer.alloc(512))).rejects.toMatchObject({
    code: "INVALID_ARGUMENT",
  });
});

test("comparing before writing", async () => {
  await image.write(30 * MiB, Buffer.alloc(512, 1));
  expect(await image.compareAndWrite(30 * MiB, Buffer.alloc(512, 1), Buffer.alloc(512, 2))).toBe(true);
  const expected = Buffer.alloc(512, 2);
  expected[100] = 9;
  expect(await image.compareAndWrite(30 * MiB, expected, Buffer.alloc(512, 3))).toBe(false);
  expect((await image.read(30 * MiB, 512)).equals(Buffer.alloc(512, 2))).toBe(true);
});

const outside: [string, number, number][] = [
  ["beyond the end", SIZE, 1],
  ["across the end", SIZE - 1, 2],
  ["far beyond", 2 ** 52, 1],
];
test.each(outside)("a range %s is refused by each data call", async (_, offset, length) => {
  const refused = { code: "OUT_OF_RANGE", message: expect.stringContaining(`the image's ${SIZE} bytes`) };
  await expect(image.read(offset, length)).rejects.toMatchObject(refused);
  await expect(image.read(offset, Buffer.alloc(length))).rejects.toMatchObject(refused);
  await expect(image.write(offset, Buffer.alloc(length))).rejects.toMatchObject(refused);
  await expect(image.writeZeroes(offset, length)).rejects.toMatchObject(refused);
  await expect(image.discard(offset, length)).rejects.toMatchObject(refused);
  await expect(image.writeSame(offset, length, Buffer.alloc(length))).rejects.toMatchObject(refused);
  await expect(
    image.compareAndWrite(offset, Buffer.alloc(length), Buffer.alloc(length)),
  ).rejects.toMatchObject(refused);
});

test.each([1, 2, 0x80, -4, 4.5, Number.NaN, 2 ** 32 + 4, "4" as unknown as number])(
  "%s is no hint",
  async (hints) => {
    const refused = { code: "INVALID_ARGUMENT", message: expect.stringContaining("hints must consist of") };
    const bytes = Buffer.alloc(512, 1);
    const block = image.allocateBlock(512);
    await expect(image.read(0, 512, { hints })).rejects.toMatchObject(refused);
    await expect(image.readBlock(0, 512, { hints })).rejects.toMatchObject(refused);
    await expect(image.write(0, bytes, { hints })).rejects.toMatchObject(refused);
    await expect(image.writeBlock(0, block, { hints })).rejects.toMatchObject(refused);
    expect(block.data).toHaveLength(512);
    await expect(image.writeZeroes(0, 512, { hints })).rejects.toMatchObject(refused);
    await expect(image.writeSame(0, 512, bytes, { hints })).rejects.toMatchObject(refused);
    await expect(image.compareAndWrite(0, bytes, bytes, { hints })).rejects.toMatchObject(refused);
  },
);

test("bytes in memory that was transferred, or that can be resized, are refused", async () => {
  const transferred = new Uint8Array(512);
  transferred.buffer.transfer();
  const growable = new Uint8Array(new SharedArrayBuffer(512, { maxByteLength: 1024 }));
  for (const bytes of [transferred, growable]) {
    const refused = { code: "INVALID_ARGUMENT" };
    await expect(image.read(0, bytes)).rejects.toMatchObject(refused);
    await expect(image.readSparse(0, bytes)).rejects.toMatchObject(refused);
    await expect(image.write(0, bytes)).rejects.toMatchObject(refused);
    await expect(image.writeSame(0, 512, bytes)).rejects.toMatchObject(refused);
    await expect(image.compareAndWrite(0, bytes, Buffer.alloc(512))).rejects.toMatchObject(refused);
    await expect(image.compareAndWrite(0, Buffer.alloc(512), bytes)).rejects.toMatchObject(refused);
  }
});

test.each([-1, Number.NaN, 2 ** 53, 0.5, Number.POSITIVE_INFINITY])(
  "%s is no offset and no length",
  async (bad) => {
    const refused = { code: "INVALID_ARGUMENT", message: expect.stringContaining(`not ${bad}`) };
    await expect(image.read(bad, 1)).rejects.toMatchObject(refused);
    await expect(image.read(0, bad)).rejects.toMatchObject(refused);
    await expect(image.write(bad, Buffer.alloc(1))).rejects.toMatchObject(refused);
    await expect(image.writeZeroes(0, bad)).rejects.toMatchObject(refused);
    await expect(image.discard(bad, 1)).rejects.toMatchObject(refused);
    await expect(image.resize(bad)).rejects.toMatchObject(refused);
    await expect(t.io.createImage("bad", { size: bad })).rejects.toMatchObject(refused);
  },
);

test("a length of zero is accepted", async () => {
  expect(await image.read(SIZE, 0)).toHaveLength(0);
  await image.write(SIZE, new Uint8Array());
  await image.writeZeroes(SIZE, 0);
  await image.discard(0, 0);
});

test("resizable memory is refused", async () => {
  const resizable = new Uint8Array(new ArrayBuffer(16, { maxByteLength: 64 }));
  await expect(image.read(0, resizable)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await expect(image.write(0, resizable)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
});

test("an image that another client enlarged can be written in the new range", async () => {
  t.rbd("resize", "--no-progress", "--size", "80M", `${t.pool}/disk`);
  await image.write(70 * MiB, Buffer.from("new"));
  expect((await image.read(70 * MiB, 3)).toString()).toBe("new");
  t.rbd("resize", "--no-progress", "--allow-shrink", "--size", "64M", `${t.pool}/disk`);
  await expect(image.read(70 * MiB, 3)).rejects.toMatchObject({ code: /OUT_OF_RANGE|INVALID_ARGUMENT/ });
});

test("a handle opened for reading cannot write", async () => {
  await using reader = await t.io.openImage("disk", { readOnly: true });
  await expect(reader.write(0, Buffer.alloc(1))).rejects.toMatchObject({ code: "READ_ONLY" });
});

test("a block holds what is read, across objects, holes and shrinking, until it is disposed of", async () => {
  await t.io.createImage("blocks", { size: 16 * MiB });
  await using blocks = await t.io.openImage("blocks");
  const written = randomBytes(6 * MiB);
  await blocks.write(MiB, written);
  const whole = await blocks.read(0, 16 * MiB);
  for (const [offset, length] of [
    [MiB, 100],
    [0, 16 * MiB],
    [3 * MiB, 4 * MiB],
    [12 * MiB, 4 * MiB],
    [4, 0],
  ] as const) {
    const block = await blocks.readBlock(offset, length);
    expect(block.data.equals(whole.subarray(offset, offset + length)), `${offset}, ${length}`).toBe(true);
    block[Symbol.dispose]();
    expect(block.data).toHaveLength(0);
    block[Symbol.dispose]();
  }
  await expect(blocks.readBlock(15 * MiB, 2 * MiB)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  await expect(blocks.readBlock(0, 1, { signal: AbortSignal.abort(new Error("no")) })).rejects.toThrow("no");
  const inFlight = Array.from({ length: 32 }, (_, i) => blocks.readBlock((i % 4) * 4 * MiB, 4 * MiB));
  await blocks.close();
  for (const [i, reading] of inFlight.entries()) {
    using block = await reading;
    const offset = (i % 4) * 4 * MiB;
    expect(block.data.equals(whole.subarray(offset, offset + 4 * MiB))).toBe(true);
  }
  await expect(blocks.readBlock(0, 1)).rejects.toMatchObject({ code: "CLOSED" });
});

test("a block is written without a copy, any number of times, and is immutable after the first write", async () => {
  await t.io.createImage("block-writes", { size: 64 * MiB });
  await using written = await t.io.openImage("block-writes");
  const expected = Buffer.alloc(64 * MiB);
  const pending: Promise<void>[] = [];
  const places = [
    [0, 4 * MiB],
    [7 * MiB + 5, 100],
    [11 * MiB - 1, 6 * MiB + 3],
    [20 * MiB + 4096, 64 * 1024],
    [63 * MiB, MiB],
  ] as const;
  for (const [offset, length] of places) {
    const block = written.allocateBlock(length);
    expect(block.data).toHaveLength(length);
    const data = randomBytes(length);
    data.copy(block.data);
    data.copy(expected, offset);
    pending.push(written.writeBlock(offset, block));
    expect(block.data).toHaveLength(0);
    // librbd has not let go of it yet.
    block[Symbol.dispose]();
    block[Symbol.dispose]();
  }
  const block = written.allocateBlock(MiB);
  block.data.fill(7);
  for (let i = 0; i < 16; i++) {
    pending.push(written.writeBlock((30 + i) * MiB, block));
    expected.fill(7, (30 + i) * MiB, (31 + i) * MiB);
  }
  await Promise.all(pending);
  await written.writeBlock(50 * MiB, block, { hints: ioHints.noCache });
  expected.fill(7, 50 * MiB, 51 * MiB);
  await written.flush();
  await using reader = await t.io.openImage("block-writes", { readOnly: true });
  expect((await reader.read(0, 64 * MiB)).equals(expected)).toBe(true);
});

test("blocks that cannot be written are refused, and those of a closed image are still written", async () => {
  await t.io.createImage("refused", { size: 16 * MiB });
  await using refused = await t.io.openImage("refused");
  for (const length of [0, -1, Number.NaN, 2 ** 30 + 1])
    expect(() => refused.allocateBlock(length)).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  const block = refused.allocateBlock(2 * MiB);
  block.data.fill(3);
  await expect(refused.writeBlock(15 * MiB, block)).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  const signal = AbortSignal.abort(new Error("no"));
  await expect(refused.writeBlock(0, block, { signal })).rejects.toThrow("no");
  expect(block.data).toHaveLength(2 * MiB);
  const transferred = refused.allocateBlock(4096);
  (transferred.data.buffer as ArrayBuffer).transfer();
  await expect(refused.writeBlock(0, transferred)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const disposed = refused.allocateBlock(4096);
  disposed[Symbol.dispose]();
  await expect(refused.writeBlock(0, disposed)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  const inFlight = Array.from({ length: 32 }, (_, i) => refused.writeBlock((i % 8) * 2 * MiB, block));
  block[Symbol.dispose]();
  await refused.close();
  await Promise.all(inFlight);
  await expect(refused.writeBlock(0, block)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  await using reader = await t.io.openImage("refused", { readOnly: true });
  expect((await reader.read(0, 16 * MiB)).every((byte) => byte === 3)).toBe(true);
});
