import { writeSteps } from "rbd-native";
import { describe, expect, it } from "vitest";
import {
  listTrash,
  moveToTrash,
  purgeTrash,
  removeByPrefix,
  restoreFromTrash,
} from "../../../src/deletion/index.ts";
import { directoryIdKey, headerObject, readOmapValue, trashObject } from "../../../src/headers/index.ts";
import { removeSnapshot } from "../../../src/image/index.ts";
import { deleteVolume } from "../../../src/volume/delete-volume.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("interrupted-removals");
const { pool, rbd } = own;

const rowsOf = async () => (await listTrash(own.cluster, { pools: [pool] })).rows;
const names = async () => (await own.witness.json("ls", pool)) as string[];

async function trashed(name: string): Promise<string> {
  await rbd("create", "--size", "4M", `${pool}/${name}`);
  const { id } = (await own.witness.json("info", `${pool}/${name}`)) as { id: string };
  await moveToTrash(own.cluster, `${pool}/${name}`);
  return id;
}

/** Makes an entry look as a move to the trash leaves it that was killed: the state is its last byte. */
async function pretendMoving(id: string, secondsAgo = 3600): Promise<void> {
  const ioCtx = await own.cluster.pool(pool);
  const key = directoryIdKey(id);
  const entry = await readOmapValue(ioCtx, trashObject, key, undefined);
  if (entry === null) throw new Error("it is not in the trash");
  const bytes = Buffer.from(entry);
  bytes[bytes.length - 1] = 1;
  // Version, oldest version, length, source; name; time of deletion.
  const time = 7 + 4 + bytes.readUInt32LE(7);
  bytes.writeUInt32LE(Math.floor(Date.now() / 1000) - secondsAgo, time);
  await ioCtx.objects.write(trashObject, [writeSteps.setOmap(new Map([[key, bytes]]))]);
}

describe("an image whose move to the trash was interrupted", () => {
  it("is listed as such, and purged", async () => {
    const id = await trashed("a");
    expect(await rowsOf()).toMatchObject([{ id, state: "normal" }]);
    await pretendMoving(id);
    expect(await rowsOf()).toMatchObject([{ id, state: "moving" }]);
    expect(await purgeTrash(own.cluster, { pools: [pool] })).toMatchObject([{ state: "removed" }]);
    expect(await rowsOf()).toEqual([]);
  });

  it("is restored", async () => {
    const id = await trashed("b");
    await pretendMoving(id);
    await restoreFromTrash(own.cluster, { pool, namespace: "", id });
    expect(await names()).toEqual(["b"]);
    await deleteVolume(own.cluster, { volume: `${pool}/b` });
  });

  it("is left alone while another client may still be moving it", async () => {
    const id = await trashed("c");
    await pretendMoving(id, 0);
    expect(await purgeTrash(own.cluster, { pools: [pool] })).toMatchObject([
      { state: "kept", reason: expect.stringContaining("at this moment") },
    ]);
    await pretendMoving(id);
    expect(await purgeTrash(own.cluster, { pools: [pool] })).toMatchObject([{ state: "removed" }]);
  });
});

describe("an image without a header", () => {
  const behead = async (id: string) => {
    const ioCtx = await own.cluster.pool(pool);
    await ioCtx.objects.write(headerObject(id), [writeSteps.remove()]);
  };

  it("is purged from the trash", async () => {
    await behead(await trashed("d"));
    expect(await purgeTrash(own.cluster, { pools: [pool] })).toMatchObject([{ state: "removed" }]);
    expect(await rowsOf()).toEqual([]);
  });

  it("does not keep an instance's disks from being removed, and is removed with them", async () => {
    for (const name of ["vm-disk-0", "vm-disk-1"]) await rbd("create", "--size", "4M", `${pool}/${name}`);
    const { id } = (await own.witness.json("info", `${pool}/vm-disk-1`)) as { id: string };
    await behead(id);
    const removed = await removeByPrefix(own.cluster, { pool, prefix: "vm-" });
    expect(removed.map(({ image }) => image)).toEqual(["vm-disk-0", "vm-disk-1"]);
    expect(await names()).toEqual([]);
    expect(await rowsOf()).toEqual([]);
  });
});

describe("two removals at once", () => {
  it("both succeed by prefix, and the disks are gone", async () => {
    for (let disk = 0; disk < 3; disk++) await rbd("create", "--size", "4M", `${pool}/vm-disk-${disk}`);
    const remove = () => removeByPrefix(own.cluster, { pool, prefix: "vm-", pauseMilliseconds: 200 });
    const removed = await Promise.all([remove(), remove()]);
    expect(removed.flat().length).toBeGreaterThanOrEqual(3);
    expect(await names()).toEqual([]);
    expect(await rowsOf()).toEqual([]);
  });
});

describe("a volume that is gone", () => {
  it("is an error, unless the caller allows it", async () => {
    const volume = `${pool}/gone`;
    await expect(deleteVolume(own.cluster, { volume })).rejects.toMatchObject({ code: "NOT_FOUND" });
    expect(await deleteVolume(own.cluster, { volume, ifExists: true })).toMatchObject({ outcome: "absent" });
    const nowhere = deleteVolume(own.cluster, { volume: "no-such-pool/gone", ifExists: true });
    await expect(nowhere).rejects.toMatchObject({ code: "NOT_FOUND" });
  });
});

describe("a protected snapshot", () => {
  it("is removed in one call, if the caller wants it unprotected", async () => {
    const spec = `${pool}/with-snapshot`;
    await rbd("create", "--size", "4M", spec);
    await own.protectedSnapshot(`${spec}@s`);
    await expect(removeSnapshot(own.cluster, `${spec}@s`)).rejects.toMatchObject({ code: "BUSY" });
    await removeSnapshot(own.cluster, `${spec}@s`, { unprotect: true });
    await deleteVolume(own.cluster, { volume: spec });
  });
});

describe("dates and times that are none", () => {
  it("are refused, and nothing is purged", async () => {
    const id = await trashed("kept");
    const typo = new Date("typo");
    await expect(purgeTrash(own.cluster, { pools: [pool], expiredBefore: typo })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    await expect(listTrash(own.cluster, { pools: [pool], now: typo })).rejects.toMatchObject({
      code: "INVALID_ARGUMENT",
    });
    for (const time of [0, 500]) {
      expect(await purgeTrash(own.cluster, { pools: [pool], expiredBefore: new Date(time) })).toEqual([]);
    }
    for (const keepSeconds of [-1, Number.NaN, 0.5]) {
      const moving = moveToTrash(own.cluster, `${pool}/kept`, { keepSeconds });
      await expect(moving).rejects.toMatchObject({ code: "INVALID_ARGUMENT" });
    }
    expect(await rowsOf()).toMatchObject([{ id }]);
    await purgeTrash(own.cluster, { pools: [pool] });
  });
});
