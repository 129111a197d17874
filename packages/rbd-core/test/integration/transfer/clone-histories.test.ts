import { readFile, writeFile } from "node:fs/promises";
import { buffer } from "node:stream/consumers";
import type { Image } from "rbd-native";
import { describe, expect, it } from "vitest";
import { featureBits, type ImageFeature } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { copyDiff } from "../../../src/transfer/copy/copy-diff.ts";
import { exportDiff } from "../../../src/transfer/export/export-diff.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("histories");

interface History {
  readonly what: string;
  readonly features: readonly ImageFeature[];
  /** What happens between the snapshots `s1` and `s2`. */
  readonly between: (image: Image) => Promise<void>;
}

const withMaps: readonly ImageFeature[] = ["layering", "exclusive-lock", "object-map", "fast-diff"];

const histories: readonly History[] = [
  { what: "flattened, layering only", features: ["layering"], between: (image) => image.flatten() },
  { what: "flattened, with maps", features: withMaps, between: (image) => image.flatten() },
  {
    what: "shrunk, grown and flattened",
    features: withMaps,
    between: async (image) => {
      await image.resize(5 * MiB, { allowShrink: true });
      await image.resize(12 * MiB);
      await image.flatten();
    },
  },
  {
    what: "shrunk and rolled back, with deep-flatten",
    features: [...withMaps, "deep-flatten"],
    between: async (image) => {
      await image.resize(3 * MiB, { allowShrink: true });
      await image.rollback("s1");
    },
  },
];

describe("a clone between two snapshots", () => {
  it.each(histories)("$what: copies and diffs are exact", async ({ what, features, between }) => {
    const name = `clone-${histories.findIndex((history) => history.what === what)}`;
    const [image, parent] = [plain.image(name), plain.image(`${name}-parent`)];
    await createImage(cluster, parent, { size: 12 * MiB, objectSize: MiB });
    {
      await using opened = await openImage(cluster, parent);
      await opened.write(0, Buffer.alloc(10 * MiB, 1));
      await opened.createSnapshot("base");
      const ioCtx = await cluster.pool(plain.pool);
      const source = { pool: ioCtx, image: `${name}-parent`, snapshot: "base" };
      const layout = { order: 20, features: featureBits(features), cloneFormat: 2 as const };
      await ioCtx.clone(source, name, layout);
    }
    {
      await using opened = await openImage(cluster, image);
      await opened.write(2 * MiB + 4096, Buffer.alloc(8192, 2));
      await opened.write(8 * MiB + 4096, Buffer.alloc(8192, 3));
      await opened.createSnapshot("s1");
      await between(opened);
      await opened.write(4 * MiB, Buffer.alloc(4096, 4));
      await opened.createSnapshot("s2");
    }
    const [target, imported] = [plain.image(`${name}-copy`), plain.image(`${name}-imported`)];
    for (const made of [target, imported]) await createImage(cluster, made, { size: 0, objectSize: MiB });
    for (const [from, to] of [
      [undefined, "s1"],
      ["s1", "s2"],
    ] as const) {
      const expected = await plain.contents(`${image}@${to}`);
      await copyDiff(cluster, { image, from, to, target: { image: target } });
      expect(await plain.contents(`${target}@${to}`), "copied").toBe(expected);
      await writeFile(plain.file(to), await buffer(exportDiff(cluster, { image, from, to })));
      await plain.rbd(["import-diff", "--no-progress", plain.file(to), imported]);
      expect(await plain.contents(`${imported}@${to}`), "exported").toBe(expected);
    }
  });
});

describe("objects of which a valid object map says that they do not exist", () => {
  it("are zeroes to a copy, as they are to librbd", async () => {
    const [image, target] = [plain.image("hidden"), plain.image("hidden-copy")];
    const features = featureBits(["layering", "exclusive-lock"]);
    await createImage(cluster, image, { size: 8 * MiB, objectSize: MiB, features });
    {
      await using opened = await openImage(cluster, image);
      await opened.write(0, Buffer.alloc(4 * MiB, 1));
      await opened.updateFeatures(featureBits(["object-map", "fast-diff"]), true);
      await opened.rebuildObjectMap();
      await opened.createSnapshot("s1");
      await opened.write(5 * MiB, Buffer.alloc(MiB, 2));
      await opened.createSnapshot("s2");
    }
    // The map of a snapshot that does not know its first two objects.
    const ids = await (async () => {
      await using opened = await openImage(cluster, image, { readOnly: true });
      const snapshots = await opened.listSnapshots();
      return { id: opened.id, snapshots: snapshots.map(({ id }) => id.toString(16).padStart(16, "0")) };
    })();
    for (const snapshot of ids.snapshots) {
      const object = `rbd_object_map.${ids.id}.${snapshot}`;
      const file = plain.file(`map-${snapshot}`);
      await plain.run("rados", ["-p", plain.pool, "get", object, file]);
      const bytes = await readFile(file);
      const states = 4 + bytes.readUInt32LE(0);
      bytes[states] = (bytes[states] ?? 0) & 0x0f;
      // Without CRCs: they would not match.
      const end = states + 2;
      await writeFile(file, Buffer.concat([bytes.subarray(0, end), Buffer.alloc(4)]));
      await plain.run("rados", ["-p", plain.pool, "put", object, file]);
    }
    await createImage(cluster, target, { size: 0, objectSize: MiB });
    for (const [from, to] of [
      [undefined, "s1"],
      ["s1", "s2"],
    ] as const) {
      await copyDiff(cluster, { image, from, to, fastDiff: "never", target: { image: target } });
      expect(await plain.contents(`${target}@${to}`)).toBe(await plain.contents(`${image}@${to}`));
    }
    await using opened = await openImage(cluster, `${image}@s1`, { readOnly: true });
    expect((await opened.read(0, MiB)).every((byte) => byte === 0)).toBe(true);
  });
});
