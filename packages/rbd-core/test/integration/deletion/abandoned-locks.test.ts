import { describe, expect, it } from "vitest";
import {
  breakLock,
  deletionPlan,
  executeDeletion,
  moveToTrash,
  purgeTrash,
  removeByPrefix,
} from "../../../src/deletion/index.ts";
import { removeTemplate } from "../../../src/template/remove-template.ts";
import { deleteVolume } from "../../../src/volume/delete-volume.ts";
import { rollbackVolume } from "../../../src/volume/rollback-volume.ts";
import { forgetWatches, runUntilDead } from "../../support/dead-clients.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("abandoned");
const { pool, rbd } = own;
let count = 0;

/** An image whose only client died half a minute ago: its watch is gone, its lock is not. */
async function abandoned(snapshot?: string): Promise<string> {
  const name = `disk-${count++}`;
  const spec = `${pool}/${name}`;
  await rbd("create", "--size", "4M", spec);
  if (snapshot !== undefined) await own.protectedSnapshot(`${spec}@${snapshot}`);
  await runUntilDead("open-and-die.ts", { conf: own.conf, image: spec });
  await forgetWatches(own.cluster, pool, name);
  expect(await lockers(name)).toEqual([expect.stringMatching(/^client\.\d+$/)]);
  return spec;
}

async function lockers(name: string): Promise<string[]> {
  await using ioCtx = await own.native.openPool(pool);
  await using image = await ioCtx.openImage(name, { readOnly: true });
  return (await image.lockInfo()).lockers.map(({ client }) => client);
}

const names = async () => (await own.witness.json("ls", pool)) as string[];

describe("an image whose client died", { timeout: 120_000 }, () => {
  it("is deleted as a volume", async () => {
    const spec = await abandoned();
    await deleteVolume(own.cluster, { volume: spec, attempts: 1 });
    expect(await names()).toEqual([]);
  });

  it("is removed by its prefix", async () => {
    const spec = await abandoned();
    await removeByPrefix(own.cluster, { pool, prefix: spec.slice(pool.length + 1), attempts: 1 });
    expect(await names()).toEqual([]);
  });

  it("is removed as a template", async () => {
    const spec = await abandoned("snap");
    await removeTemplate(own.cluster, { template: spec, attempts: 1 });
    expect(await names()).toEqual([]);
  });

  it("is rolled back", async () => {
    const spec = await abandoned("s");
    const before = await own.witness.md5(`${spec}@s`);
    await rollbackVolume(own.cluster, { snapshot: `${spec}@s` });
    expect(await own.witness.md5(spec)).toBe(before);
    await deleteVolume(own.cluster, { volume: spec, snapshots: "all" });
  });

  it("is purged from the trash", async () => {
    const spec = await abandoned();
    await moveToTrash(own.cluster, spec);
    expect(await purgeTrash(own.cluster, { pools: [pool] })).toMatchObject([{ state: "removed" }]);
  });

  it("is removed by a plan, which says that its lock is broken", async () => {
    const spec = await abandoned();
    const plan = await deletionPlan(own.cluster, spec);
    expect(plan.blockers).toMatchObject([
      { kind: "lock", hint: null, closes: [], message: expect.stringContaining("died and left its lock") },
    ]);
    expect(await executeDeletion(own.cluster, plan, { way: "remove" })).toMatchObject({ state: "done" });
    expect(await names()).toEqual([]);
  });
});

describe("a lock that was taken by hand", () => {
  it("stops a removal, however long its client is gone, until a person breaks it", async () => {
    const spec = `${pool}/locked`;
    await rbd("create", "--size", "4M", spec);
    await rbd("lock", "add", spec, "mine");
    const deleting = deleteVolume(own.cluster, { volume: spec, attempts: 1 });
    await expect(deleting).rejects.toMatchObject({
      code: "BUSY",
      hint: expect.stringContaining("`breakLock`"),
    });
    const [owner = ""] = await lockers("locked");
    await expect(breakLock(own.cluster, spec, { owner: "client.1" })).rejects.toMatchObject({
      code: "NOT_FOUND",
      message: expect.stringContaining(`it is locked by ${owner} at `),
    });
    expect(await breakLock(own.cluster, spec, { owner })).toMatchObject({
      owner,
      cookie: "mine",
      wasInUse: false,
    });
    await expect(breakLock(own.cluster, spec, { owner })).rejects.toMatchObject({ code: "NOT_FOUND" });
    await deleteVolume(own.cluster, { volume: spec, attempts: 1 });
  });
});
