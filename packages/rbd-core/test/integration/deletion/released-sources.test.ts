import { beforeEach, expect, it } from "vitest";
import {
  deletionPlan,
  executeDeletion,
  listTrash,
  moveToTrash,
  purgeTrash,
  removeByPrefix,
  removeImage,
} from "../../../src/deletion/index.ts";
import { flattenImage } from "../../../src/flatten/index.ts";
import { reconcile } from "../../../src/reconcile/index.ts";
import { createVolume, deleteVolume } from "../../../src/volume/index.ts";
import { runUntilDead } from "../../support/dead-clients.ts";
import { imageWithHistory, write } from "../../support/fill.ts";
import type { DyingRemoval } from "../../support/remove-and-die.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("released");
const { pool } = own;
const source = `${pool}/source`;

beforeEach(async () => {
  await imageWithHistory(own.cluster, source, []);
});

/** Clones the volume's current state, which no snapshot holds, and changes the volume again. */
async function cloned(name: string, seed: number): Promise<string> {
  const target = `${pool}/${name}`;
  await createVolume(own.cluster, { target, from: { volume: source }, cloneFormat: 1 });
  await write(own.cluster, source, 0, 4096, seed);
  return target;
}

async function snapshots(): Promise<string[]> {
  return ((await own.witness.json("snap", "ls", source)) as { name: string }[]).map(({ name }) => name);
}

async function trash(): Promise<string[]> {
  return (await listTrash(own.cluster, { pools: [pool] })).rows.map(({ name }) => name);
}

async function recorded(): Promise<string> {
  const keys = (object: string) => own.witness.rados("-p", pool, "listomapkeys", object);
  return `${await keys("coppice.snapshots")}${await keys("coppice.operations")}`;
}

it("every way of removing a clone takes along the snapshot that was made for it, and no other", async () => {
  const { cluster } = own;
  const ways: readonly ((clone: string) => Promise<unknown>)[] = [
    (volume) => deleteVolume(cluster, { volume }),
    (clone) => removeImage(cluster, clone),
    (clone) => removeByPrefix(cluster, { pool, prefix: clone.slice(pool.length + 1) }),
    async (clone) => executeDeletion(cluster, await deletionPlan(cluster, clone), { way: "remove" }),
    async (clone) => {
      await moveToTrash(cluster, clone);
      expect(await snapshots()).toHaveLength(6);
      await purgeTrash(cluster, { pools: [pool] });
    },
    async (clone) => {
      await flattenImage(cluster, clone);
      await removeImage(cluster, clone);
    },
  ];
  await own.rbd("snap", "create", "--no-progress", `${source}@coppice-mine`);
  await write(cluster, source, 0, 4096, 99);
  const clones: string[] = [];
  for (const index of ways.keys()) clones.push(await cloned(`clone-${index}`, index));
  expect(await snapshots()).toHaveLength(1 + ways.length);
  for (const [index, remove] of [...ways.entries()].toReversed()) {
    expect(await snapshots()).toHaveLength(2 + index);
    await remove(clones[index] ?? "");
  }
  expect(await snapshots()).toEqual(["coppice-mine"]);
  expect(await recorded()).toBe("");
  await expect(deleteVolume(cluster, { volume: source })).rejects.toMatchObject({ code: "NOT_EMPTY" });
  await deleteVolume(cluster, { volume: source, snapshots: ["coppice-mine"] });
});

it("a volume goes with the snapshots that were made for clones which somebody else has removed", async () => {
  await own.rbd("rm", "--no-progress", await cloned("clone", 1));
  expect(await snapshots()).toHaveLength(1);
  await deleteVolume(own.cluster, { volume: source });
  expect(await recorded()).toBe("");
});

it("a deleted volume goes from the trash with its last clone, and its parent with it", async () => {
  const { cluster } = own;
  const middle = await cloned("middle", 1);
  await createVolume(cluster, { target: `${pool}/last`, from: { volume: middle }, cloneFormat: 1 });
  await deleteVolume(cluster, { volume: middle, dependants: "keep" });
  await deleteVolume(cluster, { volume: source, dependants: "keep" });
  expect((await trash()).toSorted()).toEqual(["middle", "source"]);
  await deleteVolume(cluster, { volume: `${pool}/last` });
  expect(await trash()).toEqual([]);
  expect(await recorded()).toBe("");
});

it("a volume stays in the trash that has a snapshot of the user's, or that the user moved there", async () => {
  const { cluster } = own;
  const first = await cloned("first", 1);
  await own.rbd("snap", "create", "--no-progress", `${source}@mine`);
  await deleteVolume(cluster, { volume: source, dependants: "keep" });
  await deleteVolume(cluster, { volume: first });
  expect(await trash()).toEqual(["source"]);

  await imageWithHistory(cluster, source, []);
  const second = await cloned("second", 2);
  await moveToTrash(cluster, source);
  await deleteVolume(cluster, { volume: second });
  expect(await trash()).toEqual(["source", "source"]);
  await purgeTrash(cluster, { pools: [pool], withSnapshots: true });
});

it.each([
  { call: "trashRemove", late: true },
  { call: "unprotectSnapshot", late: true },
  { call: "removeSnapshot", late: true },
] as const)("the snapshot goes also when the process was killed after $call", async (death) => {
  const { cluster, conf } = own;
  for (const remedy of ["again", "reconcile"]) {
    const volume = await cloned("volume", 1);
    const dying: DyingRemoval = { conf, pool, kind: "deleteVolume", id: "", death };
    expect(await runUntilDead("remove-and-die.ts", dying)).toBe(true);
    if (remedy === "reconcile") {
      expect(await reconcile(cluster, { pools: [pool] })).toMatchObject([{ outcome: "finished" }]);
    } else await deleteVolume(cluster, { volume });
    expect(await snapshots()).toEqual([]);
    expect(await recorded()).toBe("");
  }
  await deleteVolume(cluster, { volume: source });
});
