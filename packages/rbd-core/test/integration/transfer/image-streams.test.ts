import { createWriteStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { pipeline } from "node:stream/promises";
import { describe, expect, it } from "vitest";
import { openImage } from "../../../src/image/image.ts";
import { exportImage } from "../../../src/transfer/export/export-image.ts";
import { exportRaw, exportRawFile } from "../../../src/transfer/export/export-raw.ts";
import { importImage } from "../../../src/transfer/import/import-image.ts";
import { importRaw } from "../../../src/transfer/import/import-raw.ts";
import { join } from "../../unit/formats/support.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { contentsOf } from "./image-facts.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const { plain, cluster } = await usePlainRbd("streams");

/** An image with snapshots, one of them protected, metadata, and a head that differs from its last snapshot. */
async function makeImage(name: string, seed: number) {
  const made = await makeRandomImage(cluster, plain.pool, name, new Random(seed), "on", 3);
  await using image = await openImage(cluster, made.spec);
  await image.resize(3 << 20, { allowShrink: true });
  await image.write(5000, Buffer.alloc(5000, "head"));
  await image.protectSnapshot("s1");
  await image.setMetadata("owner", "Zoë");
  return made;
}

async function compare(a: string, b: string): Promise<void> {
  for (const at of ["", "@s0", "@s1", "@s2"]) {
    expect(await contentsOf(cluster, `${a}${at}`), at).toBe(await contentsOf(cluster, `${b}${at}`));
  }
}

async function facts(spec: string) {
  await using image = await openImage(cluster, spec, { readOnly: true });
  const snapshots = (await image.listSnapshots()).map(({ name, protected: isProtected }) => [
    name,
    isProtected,
  ]);
  return {
    snapshots,
    owner: await image.getMetadata("owner"),
    stripe: await image.stripe(),
    order: (await image.stat()).order,
  };
}

describe("image streams", () => {
  it.each([1, 2, 3, 4, 5, 6])("ours is taken by rbd import (seed %d)", async (seed) => {
    const { spec } = await makeImage(`ours-${seed}`, seed);
    const file = plain.file(`ours-${seed}`);
    await pipeline(exportImage(cluster, { image: spec }), createWriteStream(file));
    const target = plain.image(`ours-${seed}-copy`);
    await plain.rbd(["import", "--no-progress", "--export-format", "2", file, target]);
    await compare(target, spec);
    expect(await facts(target)).toEqual(await facts(spec));
    expect((await facts(spec)).snapshots).toHaveLength(3);
  });

  it.each([11, 12, 13, 14])("we take rbd export's (seed %d)", async (seed) => {
    const { spec, description } = await makeImage(`theirs-${seed}`, seed);
    // Plain rbd's diffs leave out what a clone lost of its parent when it was cut and grown again.
    const stream = description.startsWith("clone")
      ? await join(exportImage(cluster, { image: spec }))
      : await plain.rbd(["export", "--no-progress", "--export-format", "2", spec, "-"]);
    const target = plain.image(`theirs-${seed}-copy`);
    const result = await importImage(cluster, { image: target, source: [stream] });
    expect(result.snapshots).toEqual(["s0", "s1", "s2"]);
    await compare(target, spec);
    expect(await facts(target)).toEqual(await facts(spec));
  });

  it("leave no image behind when they are damaged", async () => {
    const { spec } = await makeImage("cut", 15);
    const stream = await join(exportImage(cluster, { image: spec }));
    const target = plain.image("cut-copy");
    for (const length of [stream.length - 1, Math.floor(stream.length * 0.6), 200]) {
      const source = [stream.subarray(0, length)];
      await expect(importImage(cluster, { image: target, source })).rejects.toMatchObject({
        code: "TRUNCATED",
      });
      await expect(openImage(cluster, target)).rejects.toMatchObject({ code: "NOT_FOUND" });
    }
  });
});

describe("raw", () => {
  it("streams and files hold what rbd export writes, and files have holes", async () => {
    const { spec } = await makeImage("raw", 16);
    const expected = await plain.rbd(["export", "--no-progress", `${spec}@s2`, "-"]);
    expect((await join(exportRaw(cluster, { image: spec, snapshot: "s2" }))).equals(expected)).toBe(true);
    const file = plain.file("raw");
    await exportRawFile(cluster, file, { image: spec, snapshot: "s2" });
    expect((await readFile(file)).equals(expected)).toBe(true);
    const { size, blocks } = await stat(file);
    expect(size).toBe(expected.length);
    expect(blocks * 512).toBeLessThanOrEqual(expected.length + 4096);
    await expect(exportRawFile(cluster, file, { image: spec, snapshot: "s2" })).rejects.toMatchObject({
      code: "EEXIST",
    });
  });

  it("becomes an image of the same bytes, however long", async () => {
    for (const length of [0, 1, 511, (4 << 20) + 1, 9 << 20]) {
      const bytes = Buffer.alloc(length);
      bytes.fill("x", Math.floor(length / 2));
      const target = plain.image(`raw-${length}`);
      const result = await importRaw(cluster, {
        image: target,
        source: [bytes.subarray(0, 100), bytes.subarray(100)],
      });
      expect(result.size).toBe(length);
      expect((await plain.rbd(["export", "--no-progress", target, "-"])).equals(bytes)).toBe(true);
    }
  });

  it("leaves no image behind when its source fails", async () => {
    const source = (async function* () {
      yield Buffer.alloc(5 << 20, 1);
      throw new Error("the disk is gone");
    })();
    const image = plain.image("raw-failed");
    await expect(importRaw(cluster, { image, source })).rejects.toThrow("the disk is gone");
    await expect(openImage(cluster, image)).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});
