import { describe, expect, it } from "vitest";
import { createImage, openImage } from "../../../src/image/image.ts";
import { type CopyDiffOptions, copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { copyImage } from "../../../src/transfer/copy/copy-image.ts";
import { mergeManifests } from "../../../src/transfer/digests/digest-manifest.ts";
import { verifyDigests } from "../../../src/transfer/digests/verify-digests.ts";
import { TransferLimits } from "../../../src/transfer/transfer-options.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf, snapshotNames } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";
import { makeDenseSource } from "./sources.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("rules");

const makeSource = (name: string) =>
  makeDenseSource(cluster, plain.image(name), async (image) => {
    await image.write(5 * MiB + 100, Buffer.alloc(5000, "two"));
    await image.writeZeroes(10 * MiB, MiB);
  });

async function makeTarget(name: string): Promise<string> {
  const target = plain.image(name);
  await createImage(cluster, target, { size: MiB });
  return target;
}

describe("copyDiff", () => {
  it("moves only what changed, and leaves zeroes out", async () => {
    const [image, target] = [await makeSource("amounts"), await makeTarget("amounts-copy")];
    const full = await copyDiff(cluster, { image, to: "one", target: { image: target } });
    expect(full).toMatchObject({
      bytesRead: 20 * MiB,
      bytesWritten: 20 * MiB,
      rolledBack: false,
      resumedAt: 0,
    });
    const increment = await copyDiff(cluster, { image, from: "one", to: "two", target: { image: target } });
    expect(increment.bytesWritten).toBeLessThan(20_000);
    expect(await plain.contents(`${target}@two`)).toBe(await plain.contents(`${image}@two`));
  });

  it("takes away what was cut off in between, after the image has grown again", async () => {
    const [image, target] = [plain.image("regrown"), await makeTarget("regrown-copy")];
    await createImage(cluster, image, { size: 8 * MiB, objectSize: MiB });
    {
      await using opened = await openImage(cluster, image);
      await opened.write(0, Buffer.alloc(8 * MiB, 1));
      await opened.createSnapshot("full");
      await opened.resize(3 * MiB, { allowShrink: true });
      await opened.createSnapshot("small");
      await opened.resize(8 * MiB);
      await opened.createSnapshot("grown");
    }
    await copyDiff(cluster, { image, to: "full", target: { image: target } });
    await copyDiff(cluster, { image, from: "full", to: "grown", target: { image: target } });
    expect(await plain.contents(`${target}@grown`)).toBe(await plain.contents(`${image}@grown`));
  });

  it("goes on where it was interrupted, and digests what was there already", async () => {
    const [image, target] = [plain.image("resumed"), await makeTarget("resumed-copy")];
    await createImage(cluster, image, { size: 800 * MiB });
    {
      await using opened = await openImage(cluster, image);
      for (let at = 0; at < 600; at += 4) await opened.write(at * MiB, Buffer.alloc(4 * MiB, at + 1));
      await opened.createSnapshot("s");
    }
    const abort = new AbortController();
    const options: CopyDiffOptions = { image, to: "s", target: { image: target }, checkpointBytes: 1 };
    const first = copyDiff(cluster, {
      ...options,
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done > 350 * MiB) abort.abort(new Error("stopped"));
      },
    });
    await expect(first).rejects.toThrow("stopped");
    expect(await snapshotNames(cluster, target)).toEqual([]);
    const second = await copyDiff(cluster, options);
    expect(second.resumedAt).toBeGreaterThanOrEqual(256 * MiB);
    expect(second.bytesWritten).toBe(600 * MiB - second.resumedAt);
    expect(second.manifest.blocks).toHaveLength(150);
    const verified = await verifyDigests(cluster, {
      image: target,
      snapshot: "s",
      manifest: second.manifest,
    });
    expect(verified).toEqual({ verified: 600 * MiB, wrong: [] });
    expect(await contentsOf(cluster, `${target}@s`)).toBe(await contentsOf(cluster, `${image}@s`));
  }, 120_000);

  it("begins anew when another copy was interrupted", async () => {
    const [image, target] = [await makeSource("anew"), await makeTarget("anew-copy")];
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error("stopped"));
    const other = { image, to: "two", target: { image: target }, signal: abort.signal, onProgress };
    await expect(copyDiff(cluster, other)).rejects.toThrow("stopped");
    const result = await copyDiff(cluster, { image, to: "one", target: { image: target } });
    expect(result.resumedAt).toBe(0);
    expect(await contentsOf(cluster, `${target}@one`)).toBe(await contentsOf(cluster, `${image}@one`));
  });

  it("rolls back what somebody wrote to the target, and says so", async () => {
    const [image, target] = [await makeSource("stray"), await makeTarget("stray-copy")];
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    {
      await using opened = await openImage(cluster, target);
      await opened.write(3 * MiB, Buffer.alloc(100, "stray"));
    }
    const result = await copyDiff(cluster, { image, from: "one", to: "two", target: { image: target } });
    expect(result.rolledBack).toBe(true);
    expect(await contentsOf(cluster, `${target}@two`)).toBe(await contentsOf(cluster, `${image}@two`));
  });

  it("refuses what is not a copy of the same snapshot of the same image", async () => {
    const [image, other] = [await makeSource("mine"), await makeSource("other")];
    const target = await makeTarget("mine-copy");
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
    const refused = (options: CopyDiffOptions) => expect(copyDiff(cluster, options)).rejects;
    const into = { image: target };
    await refused({ image: other, from: "one", to: "two", target: into }).toMatchObject({
      code: "NOT_A_COPY",
    });
    await refused({ image, to: "two", target: into }).toMatchObject({ code: "NOT_EMPTY" });
    await refused({ image, to: "one", target: into }).toMatchObject({ code: "EXISTS" });
    await refused({ image, from: "one", to: "two", target: { image: plain.image("gone") } }).toMatchObject({
      code: "NOT_FOUND",
    });
    // Made again under its old name, a snapshot is another one.
    {
      await using opened = await openImage(cluster, image);
      await opened.removeSnapshot("one");
      await opened.removeSnapshot("two");
      await opened.createSnapshot("one");
      await opened.createSnapshot("two");
    }
    await refused({ image, from: "one", to: "two", target: into }).toMatchObject({
      code: "NOT_A_COPY",
    });
    expect(await snapshotNames(cluster, target)).toEqual(["one"]);
  });

  it("leaves a target alone that somebody has open", async () => {
    const [image, target] = [await makeSource("open"), await makeTarget("open-copy")];
    {
      await using _ = await openImage(cluster, target);
      const copy = copyDiff(cluster, { image, to: "one", target: { image: target } });
      await expect(copy).rejects.toMatchObject({ code: "BUSY" });
    }
    await copyDiff(cluster, { image, to: "one", target: { image: target } });
  });

  it("keeps to its limits, which can change while it runs", async () => {
    const [image, target] = [await makeSource("limited"), await makeTarget("limited-copy")];
    const limits = new TransferLimits({ bytesPerSecond: 1 });
    let written = 0;
    const copy = copyDiff(cluster, {
      image,
      to: "one",
      target: { image: target },
      limits,
      onProgress: ({ bytesWritten }) => {
        written = bytesWritten;
        // The first block may always pass; at a byte a second the next would take for ever.
        if (bytesWritten > 0) limits.set({ operationsPerSecond: 100_000 });
      },
    });
    await copy;
    expect(written).toBe(20 * MiB);
    expect(limits.current).toEqual({ operationsPerSecond: 100_000 });
  });

  it("refuses digests of what lies beyond the image", async () => {
    const [image, target] = [await makeSource("lost"), await makeTarget("lost-copy")];
    const copy = copyDiff(cluster, {
      image,
      to: "one",
      target: { image: target },
      onProgress: () => {},
    });
    await copy;
    const changed = verifyDigests(cluster, {
      image: target,
      snapshot: "one",
      manifest: {
        blockSize: MiB,
        size: 64 * MiB,
        blocks: [{ block: 70, runs: [0, MiB], digest: new Uint8Array(16) }],
        isFull: false,
        unknown: [],
      },
    });
    await expect(changed).rejects.toMatchObject({ code: "OUT_OF_RANGE" });
  });
});

describe("verifyDigests", () => {
  it("finds the one block that is not as it was copied", async () => {
    const [image, target] = [await makeSource("checked"), await makeTarget("checked-copy")];
    const { manifest } = await copyDiff(cluster, {
      image,
      to: "one",
      target: { image: target, snapshot: null },
    });
    {
      await using opened = await openImage(cluster, target);
      await opened.write(6 * MiB + 77, Buffer.of(0));
      await opened.createSnapshot("one");
    }
    const { wrong } = await verifyDigests(cluster, { image: target, snapshot: "one", manifest });
    expect(wrong.map(({ block }) => block)).toEqual([6]);
  });

  it("finds data in what was a hole, also after increments", async () => {
    const [image, target] = [await makeSource("holes"), await makeTarget("holes-copy")];
    const first = await copyDiff(cluster, { image, to: "one", target: { image: target } });
    const increment = { image, from: "one", to: "two", target: { image: target, snapshot: null } };
    const second = await copyDiff(cluster, increment);
    const manifest = mergeManifests([first.manifest, second.manifest]);
    const verify = (snapshot: string) => verifyDigests(cluster, { image: target, snapshot, manifest });
    {
      await using opened = await openImage(cluster, target);
      await opened.createSnapshot("sound");
      await opened.write(50 * MiB + 5, Buffer.of(7));
      await opened.write(11 * MiB, Buffer.alloc(MiB));
      await opened.createSnapshot("strange");
    }
    expect((await verify("sound")).wrong).toEqual([]);
    expect((await verify("strange")).wrong.map(({ block }) => block)).toEqual([50]);
  });
});

describe("copyImage", () => {
  it.each([70, 71, 72, 73])("copies snapshots, head, protection and metadata (seed %d)", async (seed) => {
    const { spec } = await makeRandomImage(cluster, plain.pool, `whole-${seed}`, new Random(seed), "on", 2);
    {
      await using image = await openImage(cluster, spec);
      await image.resize(2 * MiB, { allowShrink: true });
      await image.write(1000, Buffer.alloc(1000, "head"));
      await image.protectSnapshot("s0");
      await image.setMetadata("owner", "Zoë");
    }
    const target = plain.image(`whole-${seed}-copy`);
    const result = await copyImage(cluster, { image: spec, target: { image: target } });
    expect(result.snapshots).toEqual(["s0", "s1"]);
    for (const at of ["", "@s0", "@s1"]) {
      expect(await plain.contents(`${target}${at}`), at).toBe(await plain.contents(`${spec}${at}`));
    }
    await using image = await openImage(cluster, target, { readOnly: true });
    expect(await image.isSnapshotProtected("s0")).toBe(true);
    expect(await image.getMetadata("owner")).toBe("Zoë");
    expect(await snapshotNames(cluster, spec)).toEqual(["s0", "s1"]);
  });

  it("leaves nothing behind when it is aborted", async () => {
    const image = await makeSource("aborted");
    const target = plain.image("aborted-copy");
    const abort = new AbortController();
    const onProgress = ({ phase }: { phase: string }) => {
      if (phase === "finishing") abort.abort(new Error("stopped"));
    };
    const copy = copyImage(cluster, { image, target: { image: target }, signal: abort.signal, onProgress });
    await expect(copy).rejects.toThrow("stopped");
    await expect(openImage(cluster, target)).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await snapshotNames(cluster, image)).toEqual(["one", "two"]);
  });
});
