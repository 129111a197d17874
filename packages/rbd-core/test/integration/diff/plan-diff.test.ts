import type { Image } from "rbd-native";
import { expect, it } from "vitest";
import { canUseFastDiff } from "../../../src/diff/fast-diff.ts";
import { type Extent, planDiff } from "../../../src/diff/plan-diff.ts";
import { openImage } from "../../../src/image/image.ts";
import { usePlainRbd } from "../formats/use-plain-rbd.ts";
import { Random } from "../transfer/random.ts";
import { makeRandomImage } from "../transfer/random-image.ts";

const { plain, cluster } = await usePlainRbd("plan");

/** One byte-accurate call over everything. */
async function plainDiff(image: Image, from: string | undefined, includeParent: boolean): Promise<Extent[]> {
  const extents: Extent[] = [];
  for await (const batch of image.diffIterate({ from, includeParent })) {
    for (let i = 0; i < batch.count; i++) {
      extents.push({ offset: batch.offset(i), length: batch.length(i), exists: batch.exists(i) });
    }
  }
  return extents.sort((a, b) => a.offset - b.offset);
}

it.each(Array.from({ length: 20 }, (_, i) => i + 100))(
  "two passes find what one byte-accurate call finds, between any two points (seed %d)",
  async (seed) => {
    const random = new Random(seed);
    const { spec, snapshots, description } = await makeRandomImage(
      cluster,
      plain.pool,
      `plan-${seed}`,
      random,
      "on",
    );
    for (const [index, to] of snapshots.entries()) {
      await using image = await openImage(cluster, `${spec}@${to}`);
      const { size, objectSize } = await image.stat();
      const { count: stripeCount } = await image.stripe();
      for (const from of [undefined, ...snapshots.slice(0, index)]) {
        const includeParent = from === undefined && random.chance(0.5);
        const found: Extent[] = [];
        const options = { from, size, objectSize, stripeCount, fastDiff: true, includeParent };
        for await (const batch of planDiff(image, options)) found.push(...batch);
        expect(found, `${description}: ${from} to ${to}`).toEqual(
          await plainDiff(image, from, includeParent),
        );
      }
    }
  },
);

it("object maps are used when they can be trusted, and only then", async () => {
  const use = async (name: string, maps: "on" | "off" | "invalid", from?: number, at = 2) => {
    await using image = await openImage(cluster, `${plain.image(name)}@s${at}`);
    const ids = (await image.listSnapshots()).map(({ id }) => id);
    const answer = await canUseFastDiff(image, ids[at] ?? null, from === undefined ? undefined : ids[from]);
    // The image stands where it stood.
    expect(await image.size()).toBe((await image.listSnapshots())[at]?.size);
    return `${maps}: ${answer}`;
  };
  for (const maps of ["on", "off", "invalid"] as const) {
    await makeRandomImage(cluster, plain.pool, `maps-${maps}`, new Random(7), maps, 3);
  }
  expect(await use("maps-on", "on", 0)).toBe("on: true");
  expect(await use("maps-on", "on")).toBe("on: true");
  expect(await use("maps-off", "off", 0)).toBe("off: false");
  expect(await use("maps-invalid", "invalid", 0)).toBe("invalid: false");

  // Rebuilt at the newest snapshot alone: the older ones are still marked.
  await plain.rbd(["object-map", "rebuild", "--no-progress", `${plain.image("maps-invalid")}@s2`]);
  expect(await use("maps-invalid", "invalid", 1)).toBe("invalid: false");
  for (const snapshot of ["s0", "s1"]) {
    await plain.rbd(["object-map", "rebuild", "--no-progress", `${plain.image("maps-invalid")}@${snapshot}`]);
  }
  expect(await use("maps-invalid", "invalid", 0)).toBe("invalid: true");
});
