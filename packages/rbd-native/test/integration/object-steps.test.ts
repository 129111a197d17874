import fc from "fast-check";
import { type ObjectStore, type ReadStep, readSteps, type WriteStep, writeSteps } from "rbd-native";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

let t: TestPool;
let objects: ObjectStore;
beforeAll(async () => {
  t = await openTestPool("steps");
  objects = t.io.objects;
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

function detached(): Uint8Array {
  const bytes = new Uint8Array(16);
  bytes.buffer.transfer();
  return bytes;
}
const resizable = () => new Uint8Array(new ArrayBuffer(16, { maxByteLength: 64 }));
const growable = () => new Uint8Array(new SharedArrayBuffer(16, { maxByteLength: 64 }));

const invalid = <T>(arbitrary: fc.Arbitrary<unknown>) => arbitrary as fc.Arbitrary<T>;
const noCount = invalid<number>(
  fc.oneof(
    fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, -1, 2 ** 53, 2 ** 64, 1.7, "1", null, 1n, true, {}),
    fc.integer({ max: -1 }),
    fc.double({ noInteger: true }),
    fc.double({ min: 2 ** 53 }),
  ),
);
const noData = invalid<Uint8Array>(
  fc.oneof(
    fc.constantFrom(undefined, null, 0, {}, [1], "lone \ud800", new Uint16Array(2), new ArrayBuffer(4)),
    fc.constantFrom(detached, resizable, growable).map((make) => make()),
  ),
);
const noText = invalid<string>(
  fc.oneof(
    fc.constantFrom(undefined, null, 0, {}, new Uint8Array(1), "\ud800"),
    fc.tuple(fc.string(), fc.string()).map(([before, after]) => `${before}\0${after}`),
  ),
);
const noName = invalid<string>(fc.oneof(noText, fc.constant("")));
const noVersion = invalid<bigint>(fc.constantFrom(undefined, 1, Number.NaN, -1n, 2n ** 64n, "1"));
const noComparison = invalid<"equal">(fc.constantFrom(undefined, "", "same", "toString", 1, Number.NaN));
const noKeys = invalid<string[]>(
  fc.oneof(
    noText.map((key) => ["good", key]),
    fc.constantFrom(undefined, null, "keys", new Set(["a"])),
  ),
);
/** What a caller may give where a text is optional. */
const given = <T>(arbitrary: fc.Arbitrary<T>) =>
  arbitrary.filter((value) => value !== undefined && value !== null);

const shared = {
  assertVersion: noVersion.map((version) => ["assertVersion", version]),
  compareOffset: noCount.map((offset) => ["compareData", offset, Buffer.from("x")]),
  compareData: noData.map((data) => ["compareData", 0, data]),
  compareXattr: fc.oneof(
    noName.map((name) => ["compareXattr", name, "equal", "x"]),
    noComparison.map((how) => ["compareXattr", "name", how, "x"]),
    noData.map((value) => ["compareXattr", "name", "equal", value]),
  ),
  compareOmap: fc.oneof(
    noText.map((key) => ["compareOmap", key, "equal", "x"]),
    noComparison.map((how) => ["compareOmap", "key", how, "x"]),
    noData.map((value) => ["compareOmap", "key", "equal", value]),
  ),
  exec: fc.oneof(
    noName.map((name) => ["exec", name, "method", Buffer.from("x")]),
    noName.map((name) => ["exec", "class", name, Buffer.from("x")]),
    given(noData).map((input) => ["exec", "class", "method", input]),
  ),
} satisfies Record<string, fc.Arbitrary<unknown[]>>;

type Builders = Readonly<Record<string, (...values: unknown[]) => unknown>>;
const build =
  <Step>(steps: unknown) =>
  ([kind, ...values]: unknown[]): Step =>
    ((steps as Builders)[kind as string] as (...values: unknown[]) => Step)(...values);

const sharedWith = <Step>(steps: unknown) =>
  Object.fromEntries(
    Object.entries(shared).map(([name, call]) => [name, call.map(build<Step>(steps))]),
  ) as Record<keyof typeof shared, fc.Arbitrary<Step>>;

const invalidWrites: Record<string, fc.Arbitrary<WriteStep>> = {
  ...sharedWith<WriteStep>(writeSteps),
  create: fc
    .constantFrom("yes", 1, {}, [])
    .map((exclusive) => writeSteps.create({ exclusive: exclusive as unknown as boolean })),
  write: fc.oneof(
    noCount.map((offset) => writeSteps.write(offset, "x")),
    noData.map((data) => writeSteps.write(0, data)),
  ),
  writeFull: noData.map((data) => writeSteps.writeFull(data)),
  writeSame: fc.oneof(
    noCount.map((offset) => writeSteps.writeSame(offset, 512, "x")),
    noCount.map((length) => writeSteps.writeSame(0, length, "x")),
    noData.map((pattern) => writeSteps.writeSame(0, 512, pattern)),
  ),
  append: noData.map((data) => writeSteps.append(data)),
  truncate: noCount.map((size) => writeSteps.truncate(size)),
  zero: fc.oneof(
    noCount.map((offset) => writeSteps.zero(offset, 1)),
    noCount.map((length) => writeSteps.zero(0, length)),
  ),
  setXattr: fc.oneof(
    noName.map((name) => writeSteps.setXattr(name, "x")),
    noData.map((value) => writeSteps.setXattr("name", value)),
  ),
  removeXattr: noName.map((name) => writeSteps.removeXattr(name)),
  setOmap: fc.oneof(
    noText.map((key) => writeSteps.setOmap(new Map([[key, "x"]]))),
    noData.map((value) => writeSteps.setOmap(new Map([["key", value]]))),
  ),
  removeOmapKeys: noKeys.map((keys) => writeSteps.removeOmapKeys(keys)),
  "a step of a read": fc.constant(readSteps.stat() as unknown as WriteStep),
  "no step": invalid<WriteStep>(
    fc.constantFrom(undefined, null, {}, { native: [] }, { native: ["toString"] }),
  ),
};

const invalidReads: Record<string, fc.Arbitrary<ReadStep<unknown>>> = {
  ...sharedWith<ReadStep<unknown>>(readSteps),
  read: fc.oneof(
    noCount.map((offset) => readSteps.read(offset, 1)),
    noCount.map((length) => readSteps.read(0, length)),
    fc.constant(readSteps.read(0, 2 ** 31)),
  ),
  omap: fc.oneof(
    given(noText).map((startAfter) => readSteps.omap({ startAfter })),
    given(noText).map((prefix) => readSteps.packedOmap({ prefix })),
    given(noCount).map((limit) => readSteps.omap({ limit })),
  ),
  omapKeys: fc.oneof(
    given(noText).map((startAfter) => readSteps.omapKeys({ startAfter })),
    given(noCount).map((limit) => readSteps.omapKeys({ limit })),
  ),
  omapValues: noKeys.map((keys) => readSteps.omapValues(keys)),
  "a step of a write": fc.constant({ ...writeSteps.remove(), convert: () => undefined }),
  "no step": invalid<ReadStep<unknown>>(fc.constantFrom(undefined, null, {}, { native: [] })),
};

describe("invalid arguments are refused before anything is sent", () => {
  test.each(Object.entries(invalidWrites))("to the step of a write: %s", async (name, steps) => {
    const object = `write-${name}`;
    const version = await objects.writeForVersion(object, [writeSteps.writeFull("as it was")]);
    await fc.assert(
      fc.asyncProperty(steps, async (step) => {
        const writing = objects.write(object, [writeSteps.append("never"), step]);
        await expect(writing).rejects.toMatchObject({
          name: "RbdError",
          code: "INVALID_ARGUMENT",
          errno: 22,
        });
      }),
      { numRuns: 60 },
    );
    expect(await objects.read(object, [readSteps.version()])).toEqual([version]);
  });

  test.each(Object.entries(invalidReads))("to the step of a read: %s", async (_, steps) => {
    await fc.assert(
      fc.asyncProperty(steps, async (step) => {
        // Were it sent, it would be NOT_FOUND.
        const reading = objects.read("none", [readSteps.stat(), step]);
        await expect(reading).rejects.toMatchObject({
          name: "RbdError",
          code: "INVALID_ARGUMENT",
          errno: 22,
        });
      }),
      { numRuns: 60 },
    );
  });

  test("a list of steps that is none", async () => {
    const steps = "steps" as unknown as WriteStep[];
    await expect(objects.write("object", steps)).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(objects.write("with\0nul", [])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
  });

  test("bytes that are transferred after the step was made", async () => {
    const bytes = new Uint8Array(16);
    const step = writeSteps.writeFull(bytes);
    bytes.buffer.transfer();
    await expect(objects.write("transferred", [step])).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    await expect(objects.stat("transferred")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

test("valid writes have the effect that their steps describe", async () => {
  const most = 5000;
  const place = fc.integer({ min: 0, max: most });
  const bytes = fc.uint8Array({ minLength: 1, maxLength: 300 });
  type Effect = (content: Buffer) => Buffer;
  const put =
    (at: number, data: Uint8Array): Effect =>
    (content) => {
      const after = Buffer.alloc(Math.max(content.length, at + data.length));
      content.copy(after);
      after.set(data, at);
      return after;
    };
  const step = fc.oneof(
    fc.tuple(place, bytes).map(([at, data]) => ({ step: writeSteps.write(at, data), effect: put(at, data) })),
    bytes.map((data) => ({
      step: writeSteps.append(data),
      effect: (content: Buffer) => put(content.length, data)(content),
    })),
    bytes.map((data) => ({ step: writeSteps.writeFull(data), effect: () => Buffer.from(data) })),
    place.map((size) => ({
      step: writeSteps.truncate(size),
      effect: (content: Buffer) => Buffer.concat([content], size),
    })),
  );
  let number = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 6 }), async (steps) => {
      const object = `valid-${number++}`;
      await objects.write(object, [writeSteps.create(), ...steps.map((each) => each.step)]);
      const expected = steps.reduce<Buffer>((content, { effect }) => effect(content), Buffer.alloc(0));
      expect((await objects.readData(object, 0, 2 * most)).equals(expected)).toBe(true);
    }),
    { numRuns: 60 },
  );
});

test("reading no bytes gives none, and needs the object", async () => {
  await objects.writeFull("some", "bytes");
  expect(await objects.readData("some", 0, 0)).toHaveLength(0);
  expect(await objects.sparseRead("some", 0, 0)).toEqual({ data: Buffer.alloc(0), extents: [] });
  await expect(objects.readData("none", 0, 0)).rejects.toMatchObject({ code: "NOT_FOUND" });
});

test("a step that is used twice has a result of its own each time", async () => {
  await objects.writeFull("one", "first");
  await objects.writeFull("two", "other");
  const step = readSteps.read(0, 10);
  const [[one], [two]] = await Promise.all([objects.read("one", [step]), objects.read("two", [step])]);
  expect([one.toString(), two.toString()]).toEqual(["first", "other"]);
});
