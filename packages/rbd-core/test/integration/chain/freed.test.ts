import type { Image } from "rbd-native";
import { describe, expect, it } from "vitest";
import { snapshotChain } from "../../../src/chain/snapshot-chain.ts";
import { executeDeletion } from "../../../src/deletion/execute-deletion.ts";
import { deletionPlan } from "../../../src/deletion/plan/deletion-plan.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { Dice } from "../../support/random-forest.ts";
import { testSeed } from "../../support/test-seed.ts";
import { useCliPool } from "../../support/use-cli-pool.ts";

const own = useCliPool("freed");
const { cli, pool } = own;
const mebibyte = 2 ** 20;

const snapshots = ["s0", "s1", "s2", "s3"];
const objects = 6;

async function scribble(image: Image, dice: Dice): Promise<void> {
  for (let left = 1 + dice.below(5); left > 0; left--) {
    const size = await image.size();
    const offset = dice.below(size);
    const length = Math.min(size - offset, 1 + dice.below(mebibyte));
    if (dice.chance(0.25)) await image.writeZeroes(offset, length);
    else await image.write(offset, Buffer.alloc(length, 1 + dice.below(255)));
  }
}

/** An image with a random history: writes, zeroes, resizes both ways. */
async function imageWithHistory(spec: string, dice: Dice): Promise<string> {
  await using image = await openImage(own.cluster, spec);
  for (const name of [...snapshots, undefined]) {
    await scribble(image, dice);
    if (dice.chance(0.4)) await image.resize((1 + dice.below(objects)) * mebibyte, { allowShrink: true });
    await image.flush();
    if (name !== undefined) await image.createSnapshot(name);
  }
  return image.id;
}

/** All that `rbd du` counts. */
async function duOf(spec: string): Promise<number> {
  const { images } = await cli.rbdJson<{ images: { used_size: number }[] }>("du", spec);
  return images.reduce((sum, { used_size }) => sum + used_size, 0);
}

/** The bytes that the OSD keeps for an image: each version of each object, without what it shares with the next. */
async function heldByOsd(id: string): Promise<number> {
  let bytes = 0;
  for (let number = 0; number < objects; number++) {
    const object = `rbd_data.${id}.${number.toString(16).padStart(16, "0")}`;
    const printed = await cli
      .rados(pool, "", "listsnaps", object, "--format", "json")
      .catch((error: unknown) => {
        if (String(error).includes("(2) No such file or directory")) return undefined;
        throw error;
      });
    if (printed === undefined) continue;
    type Version = { size: number; overlaps?: { start: number; length: number }[] };
    for (const { size, overlaps = [] } of (JSON.parse(printed) as { clones: Version[] }).clones) {
      bytes += size - overlaps.reduce((sum, { length }) => sum + length, 0);
    }
  }
  return bytes;
}

/** In a random order. */
function shuffled<T>(items: readonly T[], dice: Dice): T[] {
  const left = [...items];
  return items.map(() => left.splice(dice.below(left.length), 1)[0] as T);
}

describe(`what a removal frees (COPPICE_TEST_SEED=${testSeed})`, () => {
  it.each([0, 1, 2])(
    "snapshot by snapshot, then the image: estimated as rbd du, exact as the OSD (%d)",
    async (run) => {
      const dice = new Dice(testSeed + run);
      const spec = `${pool}/image-${run}`;
      await createImage(own.cluster, spec, { size: objects * mebibyte, objectSize: mebibyte });
      const id = await imageWithHistory(spec, dice);
      for (const name of shuffled(snapshots, dice)) {
        const before = { du: await duOf(spec), osd: await heldByOsd(id) };
        const freed = async (exact: boolean) => {
          const { points } = await snapshotChain(own.cluster, spec, { exact });
          return points.find(({ snapshot }) => snapshot?.name === name)?.freedIfRemoved;
        };
        const [estimated, exact] = [await freed(false), await freed(true)];
        const plan = await deletionPlan(own.cluster, `${spec}@${name}`);
        const way = plan.ways.find((each) => each.way === "remove");
        expect([estimated?.accuracy, exact?.accuracy]).toEqual(["estimated", "exact"]);
        expect(way?.frees).toEqual(estimated);
        expect(exact?.bytes).toBeLessThanOrEqual(estimated?.bytes ?? -1);

        expect(await executeDeletion(own.cluster, plan, { way: "remove" })).toMatchObject({ state: "done" });
        expect(before.du - (await duOf(spec)), `${name} by rbd du`).toBe(estimated?.bytes);
        // OSDs give the space back when they come to it.
        await expect
          .poll(() => heldByOsd(id), { timeout: 60_000, interval: 500 })
          .toBe(before.osd - (exact?.bytes ?? 0));
      }

      const plan = await deletionPlan(own.cluster, spec);
      const frees = plan.ways.find(({ way }) => way === "remove")?.frees;
      expect(frees).toEqual({ bytes: await duOf(spec), accuracy: "estimated" });
      const { freedIfImageRemoved } = await snapshotChain(own.cluster, spec, { exact: true });
      expect(freedIfImageRemoved).toEqual({ bytes: await heldByOsd(id), accuracy: "exact" });
      expect(await executeDeletion(own.cluster, plan, { way: "remove" })).toMatchObject({ state: "done" });
      expect(await heldByOsd(id)).toBe(0);
    },
    240_000,
  );

  it("removing an image with all its snapshots at once frees all that the OSD holds", async () => {
    const dice = new Dice(testSeed + 100);
    const spec = `${pool}/whole`;
    await createImage(own.cluster, spec, { size: objects * mebibyte, objectSize: mebibyte });
    const id = await imageWithHistory(spec, dice);
    const [estimated, exact] = [
      (await snapshotChain(own.cluster, spec)).freedIfImageRemoved,
      (await snapshotChain(own.cluster, spec, { exact: true })).freedIfImageRemoved,
    ];
    expect(estimated).toEqual({ bytes: await duOf(spec), accuracy: "estimated" });
    expect(exact).toEqual({ bytes: await heldByOsd(id), accuracy: "exact" });
    const plan = await deletionPlan(own.cluster, spec);
    const way = plan.ways.find((each) => each.way === "remove");
    // Step by step, as it goes: the steps' shares add up to the whole.
    const shares = way?.steps.map((step) => ("frees" in step ? (step.frees?.bytes ?? 0) : 0)) ?? [];
    expect(way?.frees).toEqual(estimated);
    expect(shares.reduce((sum, each) => sum + each, 0)).toBe(estimated?.bytes);
    expect(await executeDeletion(own.cluster, plan, { way: "remove" })).toMatchObject({ state: "done" });
    await expect.poll(() => heldByOsd(id), { timeout: 60_000, interval: 500 }).toBe(0);
  }, 240_000);
});
