import { Image } from "rbd-native";
import { afterEach, describe, expect, it, vi } from "vitest";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { type CopyDiffOptions, copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { copyImage } from "../../../src/transfer/copy/copy-image.ts";
import { TransferLimits } from "../../../src/transfer/transfer-options.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { checkObjectMaps, contentsOf, snapshotNames } from "./image-facts.ts";
import { makeDenseSource } from "./sources.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("others");

const makeSource = (name: string) =>
  makeDenseSource(cluster, plain.image(name), async (image) => {
    for (let at = 0; at < 64; at += 2) await image.write(at * MiB + 100, Buffer.alloc(5000, at + 2));
    await image.writeZeroes(10 * MiB, MiB);
  });

async function makeTarget(name: string): Promise<string> {
  const target = plain.image(name);
  await createImage(cluster, target, { size: MiB, objectSize: MiB });
  return target;
}

/** Aborts a copy as soon as it has written that many bytes. */
async function interrupt(copy: CopyDiffOptions, bytes: number): Promise<void> {
  const abort = new AbortController();
  const limits = new TransferLimits({ operationsPerSecond: 50 });
  const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
    if (bytesWritten >= bytes) abort.abort(new Error("stopped"));
  };
  const aborted = copyDiff(cluster, { ...copy, signal: abort.signal, onProgress, limits });
  await expect(aborted).rejects.toThrow("stopped");
}

async function change(spec: string, what: (image: Image) => Promise<unknown>): Promise<void> {
  await using image = await openImage(cluster, spec);
  await what(image);
}

describe("copyDiff from nothing, after one that was interrupted", () => {
  it.each(["one", "two"])(
    "refuses a target that another client has filled since, and keeps its data (%s)",
    async (to) => {
      const [image, target] = [await makeSource(`filled-${to}`), await makeTarget(`filled-${to}-copy`)];
      await interrupt({ image, to: "one", target: { image: target } }, MiB);
      await change(target, (opened) => opened.write(0, Buffer.alloc(8 * MiB, "mine")));
      const before = await plain.contents(target);
      const again = copyDiff(cluster, { image, to, target: { image: target } });
      await expect(again).rejects.toMatchObject({ name: "CoppiceError", code: "NOT_EMPTY" });
      expect(await plain.contents(target)).toBe(before);
      expect(await snapshotNames(cluster, target)).toEqual([]);
    },
  );

  it("takes no other image for the one that was copied to: a deep copy of it keeps its data", async () => {
    const [image, target] = [await makeSource("inherited"), await makeTarget("inherited-copy")];
    const other = plain.image("inherited-other");
    await interrupt({ image, to: "one", target: { image: target } }, MiB);
    await plain.rbd(["cp", "--no-progress", target, other]);
    const before = await plain.contents(other);
    const onto = copyDiff(cluster, { image, to: "one", target: { image: other } });
    await expect(onto).rejects.toMatchObject({ name: "CoppiceError", code: "NOT_EMPTY" });
    expect(await plain.contents(other)).toBe(before);
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    expect(await plain.contents(`${target}@one`)).toBe(await plain.contents(`${image}@one`));
  });
});

describe("copyDiff, while another client resizes its target", () => {
  it.each([
    ["larger", [80]],
    ["smaller", [20]],
    ["smaller and back", [20, 64]],
  ] as const)("%s: fails, and the same call then makes it whole", async (what, sizes) => {
    const [image, target] = [await makeSource(`resized-${what}`), await makeTarget(`resized-${what}-copy`)];
    for (const [from, to] of [
      [undefined, "one"],
      ["one", "two"],
    ] as const) {
      const limits = new TransferLimits({ operationsPerSecond: 4 });
      let resizing: Promise<unknown> | undefined;
      const resize = async () => {
        for (const size of sizes)
          await plain.rbd(["resize", "--no-progress", "--allow-shrink", "--size", `${size}M`, target]);
        limits.set({});
      };
      const onProgress = ({ phase }: { phase: string }) => {
        if (phase === "copying") resizing ??= resize().catch(() => limits.set({}));
      };
      const copy = { image, from, to, target: { image: target } };
      const disturbed = copyDiff(cluster, { ...copy, limits, onProgress });
      await expect(disturbed).rejects.toMatchObject({ name: "CoppiceError", code: "SOURCE_CHANGED" });
      await resizing;
      expect(await snapshotNames(cluster, target)).toEqual(from === undefined ? [] : ["one"]);
      await checkObjectMaps(plain, [target], what);
      await copyDiff(cluster, copy);
      expect(await contentsOf(cluster, `${target}@${to}`)).toBe(await contentsOf(cluster, `${image}@${to}`));
      await checkObjectMaps(plain, [target, `${target}@${to}`], what);
    }
    await change(target, (opened) => opened.resize(100 * MiB));
    await using opened = await openImage(cluster, target, { readOnly: true });
    expect((await opened.read(64 * MiB, 36 * MiB)).every((byte) => byte === 0)).toBe(true);
  });
});

const lockFeatures = featureBits(["layering", "exclusive-lock"]);
const mapFeatures = featureBits(["layering", "exclusive-lock", "object-map", "fast-diff"]);

describe("copyDiff, while another client resizes its target and back at once", () => {
  afterEach(() => {
    vi.restoreAllMocks();
  });

  it.each([
    ["layering", featureBits(["layering"])],
    ["exclusive-lock", lockFeatures],
    ["object-map", mapFeatures],
  ])("with %s: fails though the size was never seen to be another", async (what, features) => {
    const [image, target] = [await makeSource(`there-${what}`), plain.image(`there-${what}-copy`)];
    await createImage(cluster, target, { size: MiB, objectSize: MiB, features });
    for (const [from, to] of [
      [undefined, "one"],
      ["one", "two"],
    ] as const) {
      const limits = new TransferLimits({ operationsPerSecond: 4 });
      let resizing: Promise<unknown> | undefined;
      const resize = async () => {
        vi.spyOn(Image.prototype, "size").mockResolvedValue(64 * MiB);
        for (const size of [2, 64])
          await plain.rbd(["resize", "--no-progress", "--allow-shrink", "--size", `${size}M`, target]);
      };
      const onProgress = ({ bytesRead }: { bytesRead: number }) => {
        if (bytesRead > 0) resizing ??= resize().finally(() => limits.set({}));
      };
      const copy = { image, from, to, target: { image: target } };
      const disturbed = copyDiff(cluster, { ...copy, limits, onProgress });
      await expect(disturbed).rejects.toMatchObject({ name: "CoppiceError", code: "SOURCE_CHANGED" });
      await resizing;
      vi.restoreAllMocks();
      expect(await snapshotNames(cluster, target)).toEqual(from === undefined ? [] : ["one"]);
      await copyDiff(cluster, copy);
      expect(await contentsOf(cluster, `${target}@${to}`)).toBe(await contentsOf(cluster, `${image}@${to}`));
      await checkObjectMaps(plain, [target, `${target}@${to}`], what);
    }
  });
});

describe("the target's object map", () => {
  it("says that an object changed that was zeroed, so that a copy back is exact", async () => {
    const [image, target] = [plain.image("zeroed"), plain.image("zeroed-copy")];
    await createImage(cluster, image, { size: 8 * MiB, objectSize: MiB, features: mapFeatures });
    await change(image, async (opened) => {
      await opened.write(0, Buffer.alloc(8 * MiB, 1));
      await opened.createSnapshot("one");
      await opened.writeZeroes(2 * MiB, 3 * MiB);
      await opened.discard(6 * MiB, MiB);
      await opened.createSnapshot("two");
    });
    await copyImage(cluster, { image, target: { image: target } });
    const changed = (spec: string) =>
      plain.rbd(["diff", "--whole-object", "--from-snap", "one", `${spec}@two`]).then(String);
    expect((await changed(target)).split("\n").length).toBe((await changed(image)).split("\n").length);
    const back = await makeTarget("zeroed-back");
    await copyDiff(cluster, { image: target, to: "one", target: { image: back } });
    await copyDiff(cluster, { image: target, from: "one", to: "two", target: { image: back } });
    expect(await plain.contents(`${back}@two`)).toBe(await plain.contents(`${image}@two`));
  });

  it("is right after another client had it rebuilt while a copy ran", async () => {
    const [image, target] = [await makeSource("rebuilt"), plain.image("rebuilt-copy")];
    await createImage(cluster, target, { size: 64 * MiB, objectSize: MiB, features: mapFeatures });
    for (const [from, to] of [
      [undefined, "one"],
      ["one", "two"],
    ] as const) {
      const limits = new TransferLimits({ operationsPerSecond: 40 });
      let rebuilding: Promise<unknown> | undefined;
      const onProgress = ({ bytesWritten }: { bytesWritten: number }) => {
        if (bytesWritten === 0) return;
        rebuilding ??= plain
          .rbd(["object-map", "rebuild", "--no-progress", target])
          .finally(() => limits.set({}));
      };
      await copyDiff(cluster, { image, from, to, target: { image: target }, limits, onProgress });
      expect(rebuilding).toBeDefined();
      await rebuilding;
      expect(await contentsOf(cluster, `${target}@${to}`)).toBe(await contentsOf(cluster, `${image}@${to}`));
      await checkObjectMaps(plain, [target, `${target}@${to}`], to);
    }
    const back = await makeTarget("rebuilt-back");
    await copyDiff(cluster, { image: target, to: "one", target: { image: back } });
    await copyDiff(cluster, { image: target, from: "one", to: "two", target: { image: back } });
    expect(await plain.contents(`${back}@two`)).toBe(await plain.contents(`${image}@two`));
  });
});
