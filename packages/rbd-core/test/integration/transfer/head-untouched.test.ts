import type { Image } from "rbd-native";
import { describe, expect, it } from "vitest";
import { featureBits } from "../../../src/image/features.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { headEquals, headIsUntouched } from "../../../src/transfer/target/head.ts";
import { isSoak, seedsFrom } from "../../support/soak.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { Random } from "./random.ts";
import { makeRandomImage } from "./random-image.ts";

const MiB = 2 ** 20;
const { plain, cluster } = await usePlainRbd("head-untouched");

/** What the maps say, and what the bytes say. */
async function look(name: string, snapshot?: string): Promise<{ maps: boolean; bytes: boolean }> {
  const [pool = "", image = ""] = name.split("/");
  const ioCtx = await cluster.pool(pool, "");
  await using opened = await openImage(cluster, name, { readOnly: true });
  const found = (await opened.listSnapshots()).find((entry) => entry.name === snapshot);
  return {
    maps: await headIsUntouched(ioCtx, opened.id, found, undefined),
    bytes: await headEquals(cluster, { pool, namespace: "", image }, found),
  };
}

const sure = { maps: true, bytes: true };

describe("headIsUntouched", () => {
  it("knows an empty image, and one that was not written to since its newest snapshot", async () => {
    const name = plain.image("quiet");
    await createImage(cluster, name, { size: 8 * MiB });
    expect(await look(name)).toEqual(sure);
    await using image = await openImage(cluster, name);
    await image.write(MiB, Buffer.alloc(MiB, 1));
    await image.createSnapshot("one");
    await image.close();
    expect(await look(name, "one")).toEqual(sure);
    expect(await look(name)).toEqual({ maps: false, bytes: false });
  });

  const touches: readonly { readonly what: string; readonly touch: (image: Image) => Promise<unknown> }[] = [
    { what: "a write", touch: (image) => image.write(5 * MiB, Buffer.from("x")) },
    { what: "a discarded object", touch: (image) => image.discard(0, 4 * MiB) },
    { what: "a smaller size", touch: (image) => image.resize(4 * MiB, { allowShrink: true }) },
    {
      what: "a size that was smaller meanwhile",
      touch: async (image) => {
        await image.resize(MiB, { allowShrink: true });
        await image.resize(8 * MiB);
      },
    },
    { what: "a larger size", touch: (image) => image.resize(12 * MiB) },
  ];
  it.each(touches)("sees $what", async ({ what, touch }) => {
    const name = plain.image(`touched-${touches.findIndex((one) => one.what === what)}`);
    await createImage(cluster, name, { size: 8 * MiB });
    {
      await using image = await openImage(cluster, name);
      await image.write(0, Buffer.alloc(8 * MiB, 1));
      await image.createSnapshot("one");
      await touch(image);
    }
    expect(await look(name, "one")).toEqual({ maps: false, bytes: false });
  });

  it("is not sure without maps, with maps that are not to be trusted, or of an older snapshot", async () => {
    const [bare, invalid, older] = [plain.image("bare"), plain.image("invalid"), plain.image("older")];
    await createImage(cluster, bare, { size: MiB, features: featureBits(["layering", "exclusive-lock"]) });
    expect(await look(bare)).toEqual({ maps: false, bytes: true });
    await createImage(cluster, invalid, { size: MiB, features: featureBits(["exclusive-lock"]) });
    {
      await using image = await openImage(cluster, invalid);
      await image.createSnapshot("one");
      await image.updateFeatures(featureBits(["object-map", "fast-diff"]), true);
    }
    expect(await look(invalid, "one")).toEqual({ maps: false, bytes: true });
    await createImage(cluster, older, { size: MiB });
    {
      await using image = await openImage(cluster, older);
      for (const snapshot of ["one", "two"]) await image.createSnapshot(snapshot);
    }
    expect(await look(older, "one")).toEqual({ maps: false, bytes: true });
    expect(await look(older, "two")).toEqual(sure);
  });

  it(
    "is never sure of what is not so, whatever happened to an image",
    async () => {
      let timesSure = 0;
      for (const seed of seedsFrom(7000, { usual: 8, soak: 24 })) {
        const random = new Random(seed);
        const { spec, snapshots, description } = await makeRandomImage(
          cluster,
          plain.pool,
          `random-${seed}`,
          random,
          random.pick(["on", "on", "invalid"]),
        );
        for (const snapshot of [undefined, ...snapshots]) {
          const { maps, bytes } = await look(spec, snapshot);
          if (maps) expect(bytes, `seed ${seed}, ${description}, ${snapshot}`).toBe(true);
          timesSure += maps ? 1 : 0;
        }
      }
      expect(timesSure).toBeGreaterThan(0);
    },
    isSoak ? 3_600_000 : 180_000,
  );
});
