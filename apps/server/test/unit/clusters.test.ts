import { expect, test } from "vitest";
import { listPage, readImage } from "../../src/inventory/inventories.ts";
import { lineage } from "../../src/inventory/lineage.ts";
import { call } from "../support/call-procedure.ts";
import { CLUSTER, stubServices } from "../support/stub-services.ts";
import { bigInventory } from "../support/synthetic-inventory.ts";

test("the clusters are listed with their configured id and their fsid", async () => {
  const { services, cluster } = stubServices();
  await services.clusters.get(CLUSTER).whenOpen();
  expect(await call("clusters.list", "viewer", services)).toEqual({
    clusters: [{ id: CLUSTER, connected: true, fsid: cluster.fsid, error: null }],
  });
  expect(await call("cluster.info", "viewer", services, { cluster: CLUSTER })).toMatchObject({
    id: CLUSTER,
    fsid: cluster.fsid,
  });
});

test("the output schemas remove nothing from the rows of 2,000 images", async () => {
  const { services } = stubServices(bigInventory(2000));
  const cache = services.inventories.get(CLUSTER);
  const input = { cluster: CLUSTER, kind: "all", limit: 500, sort: { by: "name", dir: "asc" } } as const;
  const page = await listPage(cache, input);
  expect(await call("images.list", "viewer", services, input)).toEqual(page);
  expect(await call("lineage.forest", "viewer", services, { cluster: CLUSTER })).toEqual(
    lineage(await cache.current()),
  );
  for (const { key } of page.rows) {
    expect(key).toMatch(/^ceph\/[a-z]+\/[a-z]*\/id-/);
    expect(await call("images.get", "viewer", services, { cluster: CLUSTER, spec: key })).toEqual(
      await readImage(cache, key),
    );
  }
});

test("the key of a row is accepted in place of a spec", async () => {
  const { services } = stubServices(bigInventory(2000));
  const page = await listPage(services.inventories.get(CLUSTER), {
    cluster: CLUSTER,
    kind: "all",
    limit: 1,
    sort: { by: "children", dir: "desc" },
  });
  const [parent] = page.rows;
  const clones = await call("images.list", "viewer", services, { cluster: CLUSTER, parent: parent?.key });
  expect(clones).toMatchObject({ filtered: parent?.childCount });
});
