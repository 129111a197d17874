import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { listTrash, moveToTrash, purgeTrash, restoreFromTrash } from "../../../src/deletion/trash.ts";
import { createPools, deletePools, freshName, RbdCli } from "../../support/rbd-cli.ts";
import { printedTime } from "../../support/rbd-witness.ts";

const cli = new RbdCli(inject("cephConf"));
const pool = freshName("trash-test");
let cluster: Cluster;

beforeAll(async () => {
  await createPools(cli, [pool]);
  await cli.rbd("namespace", "create", `${pool}/tenant`);
  cluster = await connect({ conf: cli.conf });
});

afterAll(async () => {
  await cluster?.close();
  await deletePools(cli, [pool]);
});

const create = (image: string) => cli.rbd("create", "--size", "4M", image);
const rowsNow = async () => (await listTrash(cluster, { pools: [pool] })).rows;
const rowOf = async (name: string) => {
  const row = (await rowsNow()).find((each) => each.name === name);
  if (row === undefined) throw new Error(`${name} is not in the trash`);
  return row;
};

describe("the trash", () => {
  it("is listed over all namespaces, as rbd trash ls says", async () => {
    await create(`${pool}/a`);
    await create(`${pool}/tenant/b`);
    await moveToTrash(cluster, `${pool}/a`);
    await moveToTrash(cluster, `${pool}/tenant/b`, { keepSeconds: 3600 });
    const { rows, unlisted } = await listTrash(cluster, { pools: [pool, "no-such-pool"] });
    expect(unlisted).toMatchObject([{ place: "no-such-pool", error: { code: "NOT_FOUND" } }]);
    expect(rows.map(({ spec, source, expired }) => [spec, source, expired])).toEqual([
      [`${pool}/a`, "user", true],
      [`${pool}/tenant/b`, "user", false],
    ]);
    for (const place of [pool, `${pool}/tenant`]) {
      type Listed = { id: string; name: string; deleted_at: string; status: string };
      for (const listed of await cli.rbdJson<Listed[]>("trash", "ls", "--long", place)) {
        const row = rows.find(({ id }) => id === listed.id);
        expect([row?.name, printedTime(row?.deletedAt ?? null)]).toEqual([listed.name, listed.deleted_at]);
        expect(listed.status).toContain(printedTime(row?.deferredUntil ?? null));
      }
    }
    expect((await listTrash(cluster)).rows.length).toBeGreaterThanOrEqual(2);
    const later = new Date(Date.now() + 7200_000);
    expect((await listTrash(cluster, { pools: [pool], now: later })).rows.every((row) => row.expired)).toBe(
      true,
    );
  });

  it("restores images, under their name or another", async () => {
    expect(await restoreFromTrash(cluster, await rowOf("b"))).toBe(`${pool}/tenant/b`);
    expect(await cli.rbdJson("ls", `${pool}/tenant`)).toEqual(["b"]);

    const row = await rowOf("a");
    await create(`${pool}/a`);
    await expect(restoreFromTrash(cluster, row)).rejects.toMatchObject({
      code: "EXISTS",
      hint: "Restore it under another name.",
    });
    expect(await restoreFromTrash(cluster, row, { name: "a-again" })).toBe(`${pool}/a-again`);
    expect(await cli.rbdJson("ls", pool)).toEqual(["a", "a-again"]);
    await expect(restoreFromTrash(cluster, row)).rejects.toMatchObject({ code: "NOT_FOUND" });
    await expect(restoreFromTrash(cluster, row, { name: "x/y" })).rejects.toMatchObject({
      code: "INVALID_NAME",
    });
  });

  it("does not restore the source of a migration", async () => {
    await create(`${pool}/moving`);
    await cli.rbd("migration", "prepare", `${pool}/moving`, `${pool}/moved`);
    await expect(restoreFromTrash(cluster, await rowOf("moving"))).rejects.toMatchObject({
      code: "UNSUPPORTED",
      hint: "It is the source of a migration: commit or abort the migration.",
    });
    await cli.rbd("migration", "abort", "--no-progress", `${pool}/moved`);
  });

  it("is purged of expired images that nothing depends on", async () => {
    for (const name of ["plain", "deferred", "with-snapshot", "with-clone"]) await create(`${pool}/${name}`);
    for (const name of ["with-snapshot", "with-clone"]) {
      await cli.rbd("snap", "create", "--no-progress", `${pool}/${name}@s`);
    }
    await cli.rbd("--rbd-default-clone-format=2", "clone", `${pool}/with-clone@s`, `${pool}/clone`);
    for (const name of ["plain", "with-snapshot", "with-clone"])
      await moveToTrash(cluster, `${pool}/${name}`);
    await moveToTrash(cluster, `${pool}/deferred`, { keepSeconds: 3600 });

    const show = (purged: Awaited<ReturnType<typeof purgeTrash>>) =>
      purged.map(({ image, state, reason }) => `${image.name} ${state}: ${reason}`);
    const expected = [
      "plain removed: null",
      "with-snapshot kept: the image has the snapshot s",
      `with-clone kept: ${pool}/clone is a clone of the snapshot s; the image has the snapshot s`,
    ];
    // What is deleted within the same second has no order.
    expect(show(await purgeTrash(cluster, { pools: [pool], dryRun: true })).sort()).toEqual(
      expected.toSorted(),
    );
    expect(await rowsNow()).toHaveLength(4);
    expect(show(await purgeTrash(cluster, { pools: [pool] })).sort()).toEqual(expected.toSorted());
    expect((await rowsNow()).map(({ name }) => name).sort()).toEqual([
      "deferred",
      "with-clone",
      "with-snapshot",
    ]);

    const withSnapshots = await purgeTrash(cluster, { pools: [pool], withSnapshots: true });
    expect(show(withSnapshots).sort()).toEqual([
      `with-clone kept: ${pool}/clone is a clone of the snapshot s`,
      "with-snapshot removed: null",
    ]);
    await cli.rbd("flatten", "--no-progress", `${pool}/clone`);
    await purgeTrash(cluster, { pools: [pool], withSnapshots: true });
    expect((await rowsNow()).map(({ name }) => name)).toEqual(["deferred"]);
    expect(await cli.rbdJson("ls", pool)).toContain("clone");
  });
});
