import type { Image } from "rbd-native";
import { describe, expect, it } from "vitest";
import { type SnapshotChain, snapshotChain } from "../../../src/chain/snapshot-chain.ts";
import { whatChanged } from "../../../src/chain/what-changed.ts";
import { headerObject } from "../../../src/headers/object-names.ts";
import { createImage, openImage } from "../../../src/image/image.ts";
import { createSnapshot, protectSnapshot } from "../../../src/image/snapshots.ts";
import { Dice } from "../../support/random-forest.ts";
import { testSeed } from "../../support/test-seed.ts";
import { useCliPool } from "../../support/use-cli-pool.ts";

const own = useCliPool("chain-test");
const { cli, pool } = own;
const mebibyte = 2 ** 20;

type Usage = { images: { snapshot?: string; used_size: number }[] };

async function expectAgreementWithDu(image: string): Promise<SnapshotChain> {
  const chain = await snapshotChain(own.cluster, image);
  const { images } = await cli.rbdJson<Usage>("du", image);
  expect(chain.objectMaps).toEqual({ state: "valid" });
  expect(chain.points.map(({ snapshot, own }) => [snapshot?.name, own])).toEqual(
    images.map(({ snapshot, used_size }) => [snapshot, { bytes: used_size, accuracy: "estimated" }]),
  );
  return chain;
}

/** Writes, discards, resizes and takes snapshots at random; what is refused by the image's size is not tried. */
async function scribble(name: string, dice: Dice, snapshots: number): Promise<void> {
  await using image = await openImage(own.cluster, name);
  for (let snapshot = 0; snapshot <= snapshots; snapshot++) {
    for (let n = dice.below(8); n > 0; n--) await scribbleOnce(image, dice);
    if (dice.chance(0.3)) await image.resize((1 + dice.below(64)) * mebibyte, { allowShrink: true });
    for (let n = dice.below(4); n > 0; n--) await scribbleOnce(image, dice);
    await image.flush();
    if (snapshot < snapshots) await createSnapshot(own.cluster, `${name}@s${snapshot}`);
  }
}

async function scribbleOnce(image: Image, dice: Dice): Promise<void> {
  const size = await image.size();
  const offset = dice.below(size);
  const length = Math.min(size - offset, 1 + dice.below(2 * mebibyte));
  if (dice.chance(0.3)) await image.writeZeroes(offset, length);
  else await image.write(offset, Buffer.alloc(length, 1 + dice.below(255)));
}

describe(`snapshotChain (COPPICE_TEST_SEED=${testSeed})`, () => {
  const dice = new Dice(testSeed);

  it.each([
    ["plain", { objectSize: mebibyte }],
    ["striped", { objectSize: mebibyte, stripeUnit: 2 ** 17, stripeCount: 3 }],
    ["of many small objects", { objectSize: 2 ** 16 }],
  ])("agrees with rbd du on an image %s", async (name, layout) => {
    const image = `${pool}/${name}`;
    await createImage(own.cluster, image, { size: (1 + dice.below(40)) * mebibyte, ...layout });
    await scribble(image, dice, 6);
    await expectAgreementWithDu(image);

    // A removed snapshot's versions become the next one's, and what it alone held is freed.
    const before = await snapshotChain(own.cluster, image);
    const at = dice.below(6);
    await cli.rbd("snap", "rm", "--no-progress", `${image}@s${at}`);
    const after = await expectAgreementWithDu(image);
    const freed = before.points[at]?.freedIfRemoved?.bytes ?? Number.NaN;
    expect(after.freedIfImageRemoved?.bytes).toBe((before.freedIfImageRemoved?.bytes ?? 0) - freed);
  });

  it("agrees with rbd du on a clone", async () => {
    const parent = `${pool}/parent`;
    await createImage(own.cluster, parent, { size: 32 * mebibyte, objectSize: mebibyte });
    await scribble(parent, dice, 1);
    await protectSnapshot(own.cluster, `${parent}@s0`);
    await cli.rbd("clone", `${parent}@s0`, `${pool}/clone`);
    await scribble(`${pool}/clone`, dice, 4);
    await expectAgreementWithDu(`${pool}/clone`);
  });

  it("is exact to the byte when asked", async () => {
    const image = `${pool}/exact`;
    const [unit, units] = [4096, 1024];
    await createImage(own.cluster, image, { size: units * unit, objectSize: mebibyte });
    // Every byte is there from the start, since librbd reports the holes of a new object as written.
    let version = 1;
    const points: number[][] = [];
    let now = Array<number>(units).fill(version);
    {
      await using opened = await openImage(own.cluster, image);
      await opened.write(0, Buffer.alloc(units * unit, 1));
      for (let snapshot = 0; snapshot < 5; snapshot++) {
        await createSnapshot(own.cluster, `${image}@s${snapshot}`);
        points.push(now);
        now = [...now];
        version++;
        for (let n = 0; n < 20; n++) {
          const at = dice.below(units);
          await opened.write(at * unit, Buffer.alloc(unit, version));
          now[at] = version;
        }
      }
      points.push(now);
      await opened.flush();
    }
    const chain = await snapshotChain(own.cluster, image, { exact: true });
    for (const [k, point] of chain.points.entries()) {
      const mine = points[k] ?? [];
      const own = mine.filter((v, at) => v !== points[k - 1]?.[at]).length;
      const freed = mine.filter((v, at) => points.every((other, j) => j === k || other[at] !== v)).length;
      expect(point.own).toEqual({ bytes: own * unit, accuracy: "exact" });
      expect(point.delta).toEqual(point.own);
      expect(point.freedIfRemoved).toEqual(
        point.snapshot === null ? null : { bytes: freed * unit, accuracy: "exact" },
      );
    }
    const estimate = await snapshotChain(own.cluster, image);
    for (const [k, point] of chain.points.entries()) {
      expect(estimate.points[k]?.own?.bytes).toBeGreaterThanOrEqual(point.own?.bytes ?? 0);
    }
    // A part of the chain has the same numbers as the whole.
    for (const whole of [chain, estimate]) {
      const ids = whole.points.map(({ snapshot }) => snapshot?.id ?? null);
      for (const only of [ids.slice(2, 4), ids.slice(0, 1), ids.slice(-2), []]) {
        const part = await snapshotChain(own.cluster, image, { only, exact: whole === chain });
        const unknown = { own: null, delta: null, freedIfRemoved: null };
        expect(part.points).toEqual(
          whole.points.map((point, at) =>
            only.includes(ids[at] ?? null) ? point : { ...point, ...unknown },
          ),
        );
        expect(part.freedIfImageRemoved).toBeNull();
      }
    }
  });

  it("counts what a shrink cut off, and what a discard took away", async () => {
    const image = `${pool}/shrunk`;
    await createImage(own.cluster, image, { size: 8 * mebibyte, objectSize: mebibyte });
    {
      await using opened = await openImage(own.cluster, image);
      await opened.write(0, Buffer.alloc(8 * mebibyte, 1));
      await createSnapshot(own.cluster, `${image}@full`);
      await opened.discard(0, mebibyte);
      await opened.resize(6 * mebibyte, { allowShrink: true });
    }
    for (const exact of [false, true]) {
      const accuracy = exact ? "exact" : "estimated";
      const { points } = await snapshotChain(own.cluster, image, { exact });
      expect(points[0]?.freedIfRemoved).toEqual({ bytes: 3 * mebibyte, accuracy });
      expect(points[1]?.own).toEqual({ bytes: 0, accuracy });
      expect(points[1]?.delta).toEqual({ bytes: 3 * mebibyte, accuracy });
    }
  });

  it("says when object maps are invalid, absent or damaged, and what to do", async () => {
    const image = `${pool}/distrusted`;
    await createImage(own.cluster, image, { size: 8 * mebibyte, objectSize: mebibyte });
    await scribble(image, dice, 2);
    const { id } = await cli.rbdJson<{ id: string }>("info", image);
    const ioCtx = await own.cluster.pool(pool);
    const flags = Buffer.alloc(8);
    flags.writeBigUInt64LE(3n);
    await ioCtx.objects.setOmap(headerObject(id), new Map([["flags", flags]]));
    const distrusted = await snapshotChain(own.cluster, image);
    expect(distrusted.objectMaps).toMatchObject({
      state: "invalid",
      points: [null],
      remedy: expect.stringContaining("Rebuild"),
    });
    expect(distrusted.points.map(({ own }) => own === null)).toEqual([false, false, true]);
    expect(distrusted.points.at(-2)?.freedIfRemoved).toBeNull();
    expect(distrusted.freedIfImageRemoved).toBeNull();
    const exact = await snapshotChain(own.cluster, image, { exact: true });
    expect(exact.points.every(({ own }) => own?.accuracy === "exact")).toBe(true);

    await cli.rbd("object-map", "rebuild", "--no-progress", image);
    await expectAgreementWithDu(image);

    await ioCtx.objects.writeFull(`rbd_object_map.${id}`, "not a map");
    expect((await snapshotChain(own.cluster, image)).objectMaps).toMatchObject({
      state: "unreadable",
      points: [null],
    });

    await cli.rbd("feature", "disable", image, "fast-diff", "object-map");
    const without = await snapshotChain(own.cluster, image);
    expect(without.objectMaps).toMatchObject({ state: "absent", remedy: expect.stringContaining("Enable") });
    expect(without.points.every(({ own }) => own === null)).toBe(true);
  });

  it("has nothing exact to say right after a snapshot that librbd cannot diff from", async () => {
    const image = `${pool}/grouped`;
    await createImage(own.cluster, image, { size: 4 * mebibyte, objectSize: mebibyte });
    await cli.rbd("group", "create", `${pool}/group`);
    await cli.rbd("group", "image", "add", `${pool}/group`, image);
    await createSnapshot(own.cluster, `${image}@mine`);
    await cli.rbd("group", "snap", "create", `${pool}/group@theirs`);
    const { points } = await snapshotChain(own.cluster, image, { exact: true });
    expect(points.map(({ snapshot }) => snapshot?.kind)).toEqual(["user", "group", undefined]);
    expect(points.map(({ own }) => own?.bytes)).toEqual([0, 0, undefined]);
    expect((await snapshotChain(own.cluster, image)).points.map(({ own }) => own?.bytes)).toEqual([0, 0, 0]);
  });

  it("refuses what is not there", async () => {
    await expect(snapshotChain(own.cluster, `${pool}/nothing`)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(snapshotChain(own.cluster, "no-pool/nothing")).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe(`whatChanged (COPPICE_TEST_SEED=${testSeed})`, () => {
  it("agrees with rbd diff between any two points", async () => {
    const dice = new Dice(testSeed + 1);
    const image = `${pool}/changed`;
    await createImage(own.cluster, image, { size: 24 * mebibyte, objectSize: mebibyte });
    await scribble(image, dice, 4);
    const names = [undefined, "s0", "s1", "s2", "s3", undefined];
    for (let older = 0; older < 5; older++) {
      for (let newer = older + 1; newer < 6; newer++) {
        const [from, to] = [names[older], names[newer]];
        const got = await whatChanged(own.cluster, image, {
          ...(from === undefined ? {} : { from }),
          ...(to === undefined ? {} : { to }),
          buckets: 10,
        });
        type Piece = { offset: number; length: number; exists: string };
        const pieces = await cli.rbdJson<Piece[]>(
          "diff",
          ...(from === undefined ? [] : ["--from-snap", from]),
          to === undefined ? image : `${image}@${to}`,
        );
        const bytes = (exists: string) =>
          pieces.filter((piece) => piece.exists === exists).reduce((sum, { length }) => sum + length, 0);
        expect([got.writtenBytes, got.discardedBytes], `${from} to ${to}`).toEqual([
          bytes("true"),
          bytes("false"),
        ]);
        expect(got.strip.reduce((sum, each) => sum + each, 0)).toBe(got.writtenBytes + got.discardedBytes);
      }
    }
  });

  it("reports what was cut off at a snapshot in between, after the image has grown again", async () => {
    const image = `${pool}/regrown`;
    await createImage(own.cluster, image, { size: 8 * mebibyte, objectSize: mebibyte });
    {
      await using opened = await openImage(own.cluster, image);
      await opened.write(0, Buffer.alloc(8 * mebibyte, 1));
      await createSnapshot(own.cluster, `${image}@full`);
      await opened.resize(3 * mebibyte, { allowShrink: true });
      await createSnapshot(own.cluster, `${image}@small`);
      await opened.resize(8 * mebibyte);
      await createSnapshot(own.cluster, `${image}@grown`);
    }
    const got = await whatChanged(own.cluster, image, { from: "full", to: "grown" });
    expect([got.written, got.discarded]).toEqual([[], [3 * mebibyte, 5 * mebibyte]]);
  });

  it("refuses to go back in time, and points that are not there", async () => {
    const image = `${pool}/changed`;
    await expect(whatChanged(own.cluster, image, { from: "s2", to: "s1" })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(whatChanged(own.cluster, image, { from: "s9" })).rejects.toMatchObject({
      code: "NOT_FOUND",
    });
  });
});
