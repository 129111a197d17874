import { describe, expect, it } from "vitest";
import { previewRemoveByPrefix, removeByPrefix } from "../../../src/deletion/remove-by-prefix.ts";
import type { CoppiceError } from "../../../src/errors/coppice-error.ts";
import { createImage, removeImage } from "../../../src/image/image.ts";
import {
  createSnapshot,
  protectSnapshot,
  removeSnapshot,
  unprotectSnapshot,
} from "../../../src/image/snapshots.ts";
import { breakRemoval } from "../../support/break-removal.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("removal");
const { pool } = own;

/** An instance with two disks, one of them with data and a protected snapshot if wished. */
async function instance(prefix: string, snapshots: readonly string[] = []): Promise<string> {
  const disk = await own.written(`${pool}/${prefix}_disk`, "4M", { total: "512K", size: "64K" });
  await own.rbd("create", "--size", "1M", `${disk}.swap`);
  for (const name of snapshots) await own.protectedSnapshot(`${disk}@${name}`);
  return prefix;
}

async function names(): Promise<string[]> {
  return (await own.witness.json("ls", pool)) as string[];
}

describe("removeByPrefix", () => {
  it("removes what the preview shows, as a loop over `rbd rm` does, and nothing else", async () => {
    const prefix = await instance("cbf44290");
    await instance("cbf44291");
    const before = await names();
    const place = { pool, prefix };
    const preview = await previewRemoveByPrefix(own.cluster, place);
    expect(preview.map(({ spec, blockers }) => [spec.image, blockers])).toEqual([
      ["cbf44290_disk", []],
      ["cbf44290_disk.swap", []],
    ]);
    expect(await names()).toEqual(before);
    const phases: string[] = [];
    const removed = await removeByPrefix(own.cluster, {
      ...place,
      onProgress: ({ phase, step, steps }) => {
        expect(steps).toBe(3);
        if (phases[step - 1] === undefined) phases.push(phase);
      },
    });
    expect(removed.map(({ image }) => image)).toEqual(["cbf44290_disk", "cbf44290_disk.swap"]);
    expect(phases).toEqual(["trash", "remove", "remove"]);
    expect(await names()).toEqual(before.filter((name) => !name.startsWith(prefix)));
    expect(await own.witness.json("trash", "ls", pool)).toEqual([]);
  });

  it("does nothing when no image has the prefix", async () => {
    expect(await removeByPrefix(own.cluster, { pool, prefix: "nobody" })).toEqual([]);
  });

  it.each([
    ["an empty prefix", { prefix: "" }, "INVALID_NAME"],
    ["a prefix that no name can have", { prefix: "a/b" }, "INVALID_NAME"],
    ["no such pool", { prefix: "x", pool: "nowhere" }, "NOT_FOUND"],
  ])("refuses %s", async (_, wrong, code) => {
    await expect(removeByPrefix(own.cluster, { pool, ...wrong })).rejects.toMatchObject({ code });
  });

  it("refuses all when one has snapshots, and removes them when that is said", async () => {
    const prefix = await instance("snapped", ["nova-resize", "mine"]);
    const before = await own.look();
    const place = { pool, prefix };
    await expect(removeByPrefix(own.cluster, { ...place, snapshots: ["nova-resize"] })).rejects.toMatchObject(
      {
        code: "NOT_EMPTY",
        message: expect.stringContaining("1 snapshot (@mine)"),
      },
    );
    expect(await own.look()).toEqual(before);
    await removeByPrefix(own.cluster, { ...place, snapshots: "all" });
    expect((await names()).filter((name) => name.startsWith(prefix))).toEqual([]);
  });

  it("refuses all when one belongs to a group, and removes them when it does not any more", async () => {
    const prefix = await instance("grouped");
    const swap = `${pool}/${prefix}_disk.swap`;
    await own.rbd("group", "create", `${pool}/together`);
    await own.rbd("group", "image", "add", `${pool}/together`, swap);
    const before = await own.look();
    await expect(removeByPrefix(own.cluster, { pool, prefix })).rejects.toMatchObject({
      code: "IN_GROUP",
      message: expect.stringContaining(`${swap} belongs to the group together`),
    });
    expect(await own.look()).toEqual(before);
    await expect(removeImage(own.cluster, swap)).rejects.toMatchObject({ code: "IN_GROUP" });
    await own.rbd("group", "image", "rm", `${pool}/together`, swap);
    await removeByPrefix(own.cluster, { pool, prefix });
    expect((await names()).filter((name) => name.startsWith(prefix))).toEqual([]);
    await own.rbd("group", "rm", `${pool}/together`);
  });

  it("refuses all when one has clones, and names every one, also in another pool, a namespace and the trash", async () => {
    const prefix = await instance("parent", ["s"]);
    const other = `${pool}-other`;
    await own.cluster.createPool(other);
    await own.witness.rbd("namespace", "create", `${other}/ns`);
    const clone = (target: string) =>
      own.witness.rbd("clone", "--rbd-default-clone-format", "2", `${pool}/${prefix}_disk@s`, target);
    await clone(`${pool}/child-1`);
    await clone(`${other}/ns/child-2`);
    await clone(`${other}/child-3`);
    await own.witness.rbd("trash", "mv", `${other}/child-3`);
    const before = await own.look();
    const failing = removeByPrefix(own.cluster, { pool, prefix, snapshots: "all" });
    const error = (await failing.catch((thrown: unknown) => thrown)) as CoppiceError;
    expect(error).toMatchObject({ code: "BUSY" });
    for (const text of [
      `${pool}/child-1 (of @s)`,
      `${other}/ns/child-2 (of @s)`,
      `${other}/child-3 (of @s, in the trash)`,
    ]) {
      expect(error.message).toContain(text);
    }
    expect(await own.look()).toEqual(before);
  });

  it("tries a disk in use again until its client closes it", async () => {
    const prefix = await instance("used");
    const ioCtx = await own.native.openPool(pool);
    const image = await ioCtx.openImage(`${prefix}_disk`);
    const tries: number[] = [];
    await removeByPrefix(own.cluster, {
      pool,
      prefix,
      pauseMilliseconds: 5,
      onBusy: (tried) => tries.push(tried),
      pause: async () => {
        if (tries.length === 2) await image.close();
      },
    });
    expect(tries).toEqual([1, 2]);
    expect((await names()).filter((name) => name.startsWith(prefix))).toEqual([]);
    await ioCtx.close();
  });

  it("names the client in the end, and restores what was in the trash already", async () => {
    const prefix = await instance("held");
    const before = await own.look();
    const ioCtx = await own.native.openPool(pool);
    // The second one by name: the first is in the trash by then.
    const image = await ioCtx.openImage(`${prefix}_disk.swap`);
    const [watcher] = await image.listWatchers();
    const failing = removeByPrefix(own.cluster, { pool, prefix, attempts: 3, pause: async () => {} });
    await expect(failing).rejects.toMatchObject({
      code: "BUSY",
      object: `${pool}/${prefix}_disk.swap`,
      message: expect.stringContaining(`client.${watcher?.clientId} at ${watcher?.address} has it open`),
    });
    await image.close();
    await ioCtx.close();
    expect(await own.look()).toEqual(before);
  });

  it.each([
    [false, ["removeSnapshot", "trashRemove"]],
    [true, ["removeSnapshot"]],
  ])(
    "loses nothing that it does not name when any call fails (late: %s)",
    { timeout: 300_000 },
    async (late, kept) => {
      const place = `${pool}-broken-${late}`;
      await own.cluster.createPool(place);
      const disk = `${place}/x_disk`;
      const { broken, left } = await breakRemoval({
        own,
        pool: place,
        late,
        make: async () => {
          await createImage(own.cluster, disk, { size: 1024 ** 2 });
          await createSnapshot(own.cluster, `${disk}@s`);
          await protectSnapshot(own.cluster, `${disk}@s`);
        },
        flow: (cluster) => removeByPrefix(cluster, { pool: place, prefix: "x_", snapshots: "all" }),
        clear: async () => {
          await unprotectSnapshot(own.cluster, `${disk}@s`);
          await removeSnapshot(own.cluster, `${disk}@s`);
          await removeImage(own.cluster, disk);
        },
      });
      expect([...broken]).toEqual(
        expect.arrayContaining(["trashMove", "unprotectSnapshot", "removeSnapshot", "trashRemove"]),
      );
      expect(kept, [...left].join()).toEqual(expect.arrayContaining([...left]));
    },
  );
});
