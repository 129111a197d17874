import { afterAll, beforeAll, describe, expect, inject, it } from "vitest";
import { cloneImage } from "../../../src/clone/clone-image.ts";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { createNamespace } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { createImage } from "../../../src/image/image.ts";
import { forest } from "../../../src/inventory/forest.ts";
import { inventory } from "../../../src/inventory/inventory.ts";
import { imageWithHistory, mib } from "../../support/fill.ts";
import { type OwnPool, ownPool } from "../../support/own-pool.ts";
import type { Info } from "../../support/witness.ts";

let own: OwnPool;
let pool: string;
let closed: string;
let restricted: Cluster;

beforeAll(async () => {
  own = await ownPool("broken");
  pool = own.pool;
  closed = `${pool}-closed`;
  await own.cluster.createPool(closed);
  await createNamespace(own.cluster, pool, "tenant");
  await imageWithHistory(own.cluster, `${pool}/sound`, ["monday"]);
  await imageWithHistory(own.cluster, `${closed}/template`, ["base="]);
  await cloneImage(own.cluster, { source: `${closed}/template`, target: `${pool}/clone` });
  const user = `client.${pool}`;
  await own.witness.ceph(
    "auth",
    "get-or-create",
    user,
    "mon",
    "profile rbd",
    "osd",
    `profile rbd pool=${pool}`,
  );
  const key = (await own.witness.ceph("auth", "get-key", user)).trim();
  restricted = await connect({ conf: inject("cephConf"), user: pool, settings: { key } });
});

afterAll(async () => {
  await restricted?.close();
  for (const name of [pool, closed]) await own?.cluster.deletePool(name);
  await own?.[Symbol.asyncDispose]();
});

const rows = async (cluster: Cluster = own.cluster) => (await inventory(cluster, { pools: [pool] })).rows;
const idOf = async (spec: string) => ((await own.witness.json("info", spec)) as Info).id;

describe("an inventory with something broken in it", () => {
  it("has a row with the error of an image whose header is damaged", async () => {
    await createImage(own.cluster, `${pool}/damaged`, { size: mib });
    const id = await idOf(`${pool}/damaged`);
    await own.witness.rados("-p", pool, "rmomapkey", `rbd_header.${id}`, "size");
    const found = await rows();
    expect(found.map((row) => row.name)).toEqual(["clone", "damaged", "sound"]);
    expect(found.find((row) => row.name === "damaged")).toMatchObject({
      state: "unreadable",
      id,
      spec: `${pool}/damaged`,
      error: { object: `${pool}/damaged` },
    });
    await own.witness.rados("-p", pool, "rm", `rbd_header.${id}`);
    expect((await rows()).find((row) => row.name === "damaged")).toMatchObject({
      state: "unreadable",
      error: {
        code: "NOT_FOUND",
        message: expect.stringContaining(`is listed, but its header rbd_header.${id} is missing`),
      },
    });
    expect(forest(await inventory(own.cluster, { pools: [pool] })).nodes.size).toBe(3);
    await own.witness.rados("-p", pool, "rmomapkey", "rbd_directory", "name_damaged");
    await own.witness.rados("-p", pool, "rmomapkey", "rbd_directory", `id_${id}`);
    await own.witness.rados("-p", pool, "rm", "rbd_id.damaged");
  });

  it("has images of format 1", async () => {
    await own.witness.rbd("create", "--image-format", "1", "--size", "8M", `${pool}/ancient`);
    expect((await rows()).find((row) => row.name === "ancient")).toMatchObject({
      state: "ok",
      id: "",
      format: 1,
      size: 8 * mib,
      readThrough: "librbd",
      createdAt: null,
    });
    await own.witness.rbd("rm", "--no-progress", `${pool}/ancient`);
  });

  it("says which pool may not be read, and reads the others", async () => {
    const found = await inventory(restricted);
    const refused = found.pools.find((each) => each.name === closed);
    expect(refused?.namespaces[0]?.error ?? refused?.error).toMatchObject({ code: "PERMISSION_DENIED" });
    expect(found.pools.find((each) => each.name === pool)?.namespaces).toMatchObject([
      { name: "", images: 2, error: null },
      { name: "tenant", images: 0, error: null },
    ]);
  });

  it("keeps the ids of a parent that may not be read", async () => {
    const clone = (await rows(restricted)).find((row) => row.name === "clone");
    expect(clone).toMatchObject({
      state: "ok",
      parent: {
        poolName: closed,
        imageId: await idOf(`${closed}/template`),
        imageName: "",
        snapshotName: "",
      },
    });
    const { nodes } = forest(await inventory(restricted));
    expect([...nodes.values()].find((node) => node.row.name === "clone")).toMatchObject({
      parentState: "not-scanned",
      depth: 1,
      marks: [],
    });
  });

  it("says when a pool that was asked for is not there", async () => {
    const found = await inventory(own.cluster, { pools: ["no-such-pool", pool] });
    expect(found.pools).toMatchObject([
      { name: pool, error: null },
      { name: "no-such-pool", id: null, error: { code: "NOT_FOUND", object: "no-such-pool" } },
    ]);
    expect(found.rows).toHaveLength(2);
  });

  it("names a parent in a pool that was not asked for", async () => {
    const clone = (await rows()).find((row) => row.name === "clone");
    expect(clone).toMatchObject({
      parent: { poolName: closed, imageName: "template", snapshotName: "base", inTrash: false },
    });
  });
});

describe("the scan", () => {
  it("counts up to all images, and stops when it is aborted", async () => {
    const seen: { done: number; total: number }[] = [];
    await inventory(own.cluster, { pools: [pool, closed], onProgress: (progress) => seen.push(progress) });
    expect(seen).toEqual([0, 1, 2, 3].map((done) => ({ done, total: 3 })));
    const controller = new AbortController();
    const scan = inventory(own.cluster, {
      signal: controller.signal,
      concurrency: 1,
      onProgress: ({ done }) => done === 1 && controller.abort(new Error("enough")),
    });
    await expect(scan).rejects.toThrow("enough");
  });

  it("finds a pool made anew under an old name", async () => {
    const name = `${pool}-again`;
    await own.cluster.createPool(name);
    await createImage(own.cluster, `${name}/first`, { size: mib });
    await own.witness.ceph("osd", "pool", "rm", name, name, "--yes-i-really-really-mean-it");
    await own.witness.ceph("osd", "pool", "create", name, "8");
    await own.witness.rbd("pool", "init", name);
    await own.witness.rbd("create", "--size", "1M", `${name}/second`);
    const found = await inventory(own.cluster, { pools: [name] });
    expect(found.rows).toMatchObject([{ name: "second", state: "ok" }]);
    await own.cluster.deletePool(name);
  });
});
