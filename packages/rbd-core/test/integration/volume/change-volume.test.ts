import { describe, expect, it } from "vitest";
import { openImage } from "../../../src/image/index.ts";
import { extendVolume, renameVolume } from "../../../src/volume/change-volume.ts";
import { planShrink, shrinkVolume } from "../../../src/volume/shrink-volume.ts";
import { breakEveryCall } from "../../support/break-every-call.ts";
import { expectAlike } from "../../support/expect-alike.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";
import { useVolumes } from "./volumes.ts";

const own = useOwnPool("change");
const { pool, look, rbd } = own;
const { pair, alone } = useVolumes(own);
const mebibyte = 1024 ** 2;

describe("extendVolume", () => {
  it("ends where `rbd resize` ends", async () => {
    const [ours, theirs] = await pair();
    await rbd("resize", "--no-progress", "--size", "9M", theirs);
    expect(await extendVolume(own.cluster, { volume: ours, size: 9 * mebibyte })).toMatchObject({
      from: 4 * mebibyte,
      to: 9 * mebibyte,
    });
    await expectAlike(own.witness, ours, theirs);
  });

  it("does nothing when the volume has that size", async () => {
    const [ours] = await pair();
    const before = await look();
    await extendVolume(own.cluster, { volume: ours, size: 4 * mebibyte });
    expect(await look()).toEqual(before);
  });

  it.each([
    ["less than it has", 4 * mebibyte - 1, "INVALID_ARGUMENT"],
    ["no size", Number.NaN, "INVALID_ARGUMENT"],
  ])("refuses %s", async (_, size, code) => {
    const [ours] = await pair();
    await expect(extendVolume(own.cluster, { volume: ours, size })).rejects.toMatchObject({ code });
  });
});

describe("shrinkVolume", () => {
  const [old, size] = [4 * mebibyte, 65_536];
  /** By `rbd diff`: how much of an image's data lies behind its new end. */
  const behind = async (spec: string) => {
    const extents = (await own.witness.json("diff", spec)) as { offset: number; length: number }[];
    const lengths = extents.map(({ offset, length }) =>
      Math.max(0, offset + length - Math.max(offset, size)),
    );
    return lengths.reduce((sum, each) => sum + each, 0);
  };

  it("frees what lies behind the new end once that is agreed, as `rbd resize --allow-shrink` does", async () => {
    const [ours, theirs] = await pair();
    await rbd("resize", "--no-progress", "--size", "8M", ours);
    const empty = await planShrink(own.cluster, { volume: ours, size: old });
    expect(empty).toMatchObject({ from: 8 * mebibyte, to: old, discards: 0, openElsewhere: 0 });
    await shrinkVolume(own.cluster, { volume: ours, size: old });

    const { discards } = await planShrink(own.cluster, { volume: ours, size });
    expect(discards).toBe(await behind(ours));
    expect(discards).toBeGreaterThan(0);
    await expect(shrinkVolume(own.cluster, { volume: ours, size })).rejects.toMatchObject({
      code: "NOT_EMPTY",
      message: expect.stringContaining(`${discards} bytes of data`),
    });
    await expectAlike(own.witness, ours, theirs);
    await shrinkVolume(own.cluster, { volume: ours, size, discardData: true });
    await rbd("resize", "--no-progress", "--allow-shrink", "--size", "64K", theirs);
    await expectAlike(own.witness, ours, theirs);
  });

  it("counts what a clone reads from its parent", async () => {
    const [ours] = await pair();
    await rbd("snap", "create", "--no-progress", `${ours}@s`);
    await rbd("snap", "protect", `${ours}@s`);
    await rbd("clone", `${ours}@s`, `${ours}-clone`);
    const { discards } = await planShrink(own.cluster, { volume: `${ours}-clone`, size });
    expect(discards).toBe(await behind(ours));
  });

  it("refuses a volume that is open elsewhere, and a size that is not smaller", async () => {
    const [ours] = await pair();
    await expect(shrinkVolume(own.cluster, { volume: ours, size: old })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await using _open = await openImage(own.cluster, ours);
    expect(await planShrink(own.cluster, { volume: ours, size })).toMatchObject({ openElsewhere: 1 });
    const before = await look();
    const refused = shrinkVolume(own.cluster, { volume: ours, size, discardData: true });
    await expect(refused).rejects.toMatchObject({ code: "BUSY" });
    expect(await look()).toEqual(before);
  });
});

describe("renameVolume", () => {
  it("keeps id, snapshots and clones", async () => {
    const [ours] = await pair();
    await rbd("snap", "create", "--no-progress", `${ours}@s`);
    await rbd("snap", "protect", `${ours}@s`);
    await rbd("clone", `${ours}@s`, `${ours}-clone`);
    const { id } = (await own.witness.json("info", ours)) as { id: string };
    await renameVolume(own.cluster, { from: ours, to: `${ours}-new` });
    expect(await own.witness.json("info", `${ours}-new`)).toMatchObject({ id });
    expect(await own.witness.json("info", `${ours}-clone`)).toMatchObject({
      parent: { image: `${ours}-new`.slice(pool.length + 1), snapshot: "s" },
    });
  });

  it.each(["before", "after"])("is finished when it stopped %s the directory was changed", async (moment) => {
    const [ours] = await pair();
    const [from = "", to = ""] = [ours, `${ours}-new`].map((spec) => spec.slice(pool.length + 1));
    const rados = (...args: string[]) => own.witness.rados("-p", pool, ...args);
    // What librbd has at each of these moments: both names lead to the volume.
    await rados("cp", `rbd_id.${from}`, "kept");
    if (moment === "after") await rbd("rename", ours, `${ours}-new`);
    await rados("cp", "kept", `rbd_id.${moment === "after" ? from : to}`);
    await rados("rm", "kept");
    await renameVolume(own.cluster, { from: ours, to: `${ours}-new` });
    expect(await rbd("ls", pool)).toMatch(new RegExp(`^${to}$`, "m"));
    await expect(rbd("info", ours)).rejects.toThrow("No such file");
    await rbd("info", `${ours}-new`);
  });

  it.each([
    ["a name that is taken", (ours: string) => `${ours}-theirs`, "EXISTS"],
    ["its own name", (ours: string) => ours, "EXISTS"],
    ["another pool", () => "elsewhere/volume", "INVALID_ARGUMENT"],
    ["a name with a snapshot", (ours: string) => `${ours}@s`, "INVALID_NAME"],
  ])("refuses %s", async (_, to, code) => {
    const [ours] = await pair();
    const before = await look();
    await expect(renameVolume(own.cluster, { from: ours, to: to(ours) })).rejects.toMatchObject({ code });
    expect(await look()).toEqual(before);
  });
});

describe.each([false, true])("when any call fails (late: %s)", { timeout: 300_000 }, (late) => {
  it("extendVolume is done or not", async () => {
    const place = await alone(`extend-${late}`);
    const volume = `${place}/volume`;
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => extendVolume(cluster, { volume, size: 8 * mebibyte }),
      reset: async () =>
        void (await rbd("resize", "--no-progress", "--allow-shrink", "--size", "4M", volume)),
      tolerates: (_, struck) => late && struck.startsWith("resize"),
      late,
    });
    expect([...calls]).toContain("resize");
  });

  it("renameVolume is done or not", async () => {
    const place = await alone(`rename-${late}`);
    const calls = await breakEveryCall({
      own,
      pools: [place],
      flow: (cluster) => renameVolume(cluster, { from: `${place}/volume`, to: `${place}/renamed` }),
      reset: async () => void (await rbd("rename", `${place}/renamed`, `${place}/volume`)),
      tolerates: (_, struck) => late && struck.startsWith("renameImage"),
      late,
    });
    expect([...calls]).toContain("renameImage");
  });
});
