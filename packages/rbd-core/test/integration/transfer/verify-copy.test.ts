import { Image, writeSteps } from "rbd-native";
import { afterEach, describe, expect, it, vi } from "vitest";
import { createImage, openImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { copyImage } from "../../../src/transfer/copy/copy-image.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { snapshotNames } from "./image-facts.ts";
import { makeDenseSource } from "./sources.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("verify");

const makeSource = (name: string) =>
  makeDenseSource(cluster, plain.image(name), async (image) => {
    for (let at = 0; at < 64; at += 3) await image.write(at * MiB + 100, Buffer.alloc(9000, at + 2));
    await image.writeZeroes(10 * MiB, MiB);
  });

async function makeTarget(name: string, objectSize = MiB): Promise<string> {
  const target = plain.image(name);
  await createImage(cluster, target, { size: 0, objectSize });
  return target;
}

/** Changes a byte of an image's object past librbd, once: right before the copy flushes its last write. */
function flipOnFlush(offset: number, objectSize: number): void {
  const original = Image.prototype.flush;
  vi.spyOn(Image.prototype, "flush").mockImplementationOnce(async function (this: Image, ...args) {
    await Reflect.apply(original, this, args);
    const object = `rbd_data.${this.id}.${Math.floor(offset / objectSize)
      .toString(16)
      .padStart(16, "0")}`;
    const { objects } = await cluster.pool(plain.pool);
    const [byte = 0] = await objects.readData(object, offset % objectSize, 1);
    await objects.write(object, [writeSteps.write(offset % objectSize, Buffer.of(byte ^ 1))]);
  });
}

afterEach(() => {
  vi.restoreAllMocks();
});

const failed = { name: "CoppiceError", code: "VERIFICATION_FAILED" };

describe("a copy that is verified before its snapshot gets its name", () => {
  it.each([
    ["changed", MiB],
    ["changed", 4 * MiB],
    ["full", MiB],
    ["full", 4 * MiB],
  ] as const)(
    "%s, in objects of %d bytes: finds one wrong bit, and is made whole by the same call",
    async (verify, objectSize) => {
      const name = `${verify}-${objectSize}`;
      const [image, target] = [await makeSource(name), await makeTarget(`${name}-copy`, objectSize)];
      const full = await copyDiff(cluster, { image, to: "one", target: { image: target }, verify });
      expect(full.bytesVerified).toBe(verify === "full" ? 64 * MiB : 20 * MiB);
      const increment = { image, from: "one", to: "two", target: { image: target }, verify };
      flipOnFlush(3 * MiB + 200, objectSize);
      await expect(copyDiff(cluster, increment)).rejects.toMatchObject(failed);
      expect(await snapshotNames(cluster, target)).toEqual(["one"]);
      await copyDiff(cluster, increment);
      expect(await plain.contents(`${target}@two`)).toBe(await plain.contents(`${image}@two`));
      expect(await snapshotNames(cluster, target)).toEqual(["one", "two"]);
    },
  );

  it("changed: reads what was written; full: also what was not", async () => {
    const [image, target] = [await makeSource("elsewhere"), await makeTarget("elsewhere-copy")];
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    // The increment changes nothing there.
    flipOnFlush(2 * MiB + 500_000, MiB);
    const increment = { image, from: "one", to: "two", target: { image: target } };
    await expect(copyDiff(cluster, { ...increment, verify: "full" })).rejects.toMatchObject(failed);
    flipOnFlush(2 * MiB + 500_000, MiB);
    const { bytesVerified } = await copyDiff(cluster, { ...increment, verify: "changed" });
    expect(bytesVerified).toBeGreaterThan(MiB);
    expect(bytesVerified).toBeLessThan(2 * MiB);
  });

  it("finds a wrong bit in a head that gets no snapshot, and without digests in the result", async () => {
    const [image, target] = [await makeSource("head"), await makeTarget("head-copy")];
    const copy = { image, to: "one", target: { image: target, snapshot: null }, digests: false } as const;
    flipOnFlush(4 * MiB, MiB);
    await expect(copyDiff(cluster, { ...copy, verify: "changed" })).rejects.toMatchObject(failed);
    const other = { image: await makeTarget("head-other"), snapshot: null };
    const { manifest, bytesVerified } = await copyDiff(cluster, {
      ...copy,
      target: other,
      verify: "changed",
    });
    expect(manifest.blocks).toEqual([]);
    expect(bytesVerified).toBe(20 * MiB);
  });

  it("copyImage removes the image in which a bit is wrong", async () => {
    const [image, target] = [await makeSource("whole"), plain.image("whole-copy")];
    flipOnFlush(6 * MiB + 9, MiB);
    const copy = { image, target: { image: target }, verify: "changed" } as const;
    await expect(copyImage(cluster, copy)).rejects.toMatchObject(failed);
    await expect(openImage(cluster, target)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect((await copyImage(cluster, copy)).bytesVerified).toBeGreaterThan(20 * MiB);
    expect(await plain.contents(target)).toBe(await plain.contents(image));
  });
});
