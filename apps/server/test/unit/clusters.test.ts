import { describe, expect, test } from "vitest";
import { listPage, readImage } from "../../src/inventory/inventories.ts";
import { lineage } from "../../src/inventory/lineage.ts";
import { call, procedures } from "../support/call-procedure.ts";
import { CLUSTER, stubServices } from "../support/stub-services.ts";
import { bigInventory } from "../support/synthetic-inventory.ts";

/** For each procedure that works on one cluster an input for a cluster called "other". */
const INPUTS: Record<string, object> = {
  "cluster.info": {},
  "images.list": {},
  "images.get": { spec: "rbd/a" },
  "lineage.forest": {},
  "inventory.refresh": {},
  "clone.plan": { source: "rbd/a", target: "rbd/b" },
  "clone.start": { source: "rbd/a", target: "rbd/b" },
  "objectMap.rebuild": { image: "rbd/a" },
};

/** Those that work on the server itself, or find their cluster by the id of a task. */
const WITHOUT = [
  "session.me",
  "clusters.list",
  "tasks.list",
  "tasks.get",
  "tasks.cancel",
  "audit.list",
  "events",
];

test("every procedure works on a cluster that its input names, or is known not to", () => {
  expect(procedures.map(({ path }) => path).sort()).toEqual([...Object.keys(INPUTS), ...WITHOUT].sort());
});

describe.each(Object.entries(INPUTS))("%s", (path, input) => {
  test("says that an unknown cluster is unknown, and which ones exist", async () => {
    const { services } = stubServices();
    await expect(call(path, "admin", services, { cluster: "other", ...input })).rejects.toMatchObject({
      code: "NOT_FOUND",
      cause: {
        code: "CLUSTER_UNKNOWN",
        message: 'There is no cluster "other" on this server.',
        hint: "Its clusters are: ceph.",
        object: "other",
      },
    });
  });

  test("refuses an input without a cluster, or with a text that is no id", async () => {
    const { services } = stubServices();
    for (const cluster of [undefined, "", "Ceph", "a/b"]) {
      const refused = call(path, "admin", services, { ...input, cluster });
      await expect(refused).rejects.toMatchObject({ code: "BAD_REQUEST" });
    }
  });
});

test("the clusters are listed with the id that is configured and the one they gave themselves", async () => {
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

test("what is sent is whole: the output schemas take nothing away from 2,000 images", async () => {
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

test("the key of a row names its image wherever a spec does", async () => {
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
