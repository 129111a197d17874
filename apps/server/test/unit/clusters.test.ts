import type { Cluster } from "rbd-core";
import { expect, test } from "vitest";
import { ClusterConnection } from "../../src/cluster/cluster-connection.ts";
import { canBegin, PerCluster } from "../../src/cluster/clusters.ts";
import { migrations, openDatabase } from "../../src/db/database.ts";
import { listPage, readImage } from "../../src/inventory/inventories.ts";
import { lineage } from "../../src/inventory/lineage.ts";
import { cloneTask } from "../../src/operations/clone.ts";
import { runnableKinds } from "../../src/operations/operations.ts";
import { TaskRunner } from "../../src/tasks/task-runner.ts";
import { TaskStore } from "../../src/tasks/task-store.ts";
import { call } from "../support/call-procedure.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";
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

test("tasks that wait when the cluster stops to answer are kept until it answers", async () => {
  const { services } = stubServices();
  const clock = new FakeClock();
  let answer = () => {};
  let begun = 0;
  let answers = true;
  const connection = new ClusterConnection({
    clock,
    log: silentLog(),
    connect: async () => ({ fsid: "f" }) as unknown as Cluster,
    check: () =>
      answers
        ? Promise.resolve()
        : new Promise((resolve) => {
            answer = resolve;
          }),
    onConnected: () => {},
    onRecovered: () => runner.wake(),
  });
  const clusters = new PerCluster([CLUSTER], () => connection);
  const runner = new TaskRunner({
    store: new TaskStore(await openDatabase(":memory:", migrations(CLUSTER))),
    clock,
    log: silentLog(),
    kinds: runnableKinds(services).map((kind) => ({
      ...kind,
      run: async () => {
        begun += 1;
        return { kind: kind.kind };
      },
    })),
    publish: () => {},
    ready: (id) => canBegin(clusters, id),
  });
  await runner.start();
  connection.open();
  await settle();
  answers = false;
  await clock.pass(10_000);
  const input = { cluster: CLUSTER, source: "rbd/a", target: "rbd/b" };
  const id = await runner.enqueue(cloneTask, input, { id: "u1", username: "ada" });
  await clock.pass(900_000);
  expect([begun, (await runner.get(id)).state]).toEqual([0, "queued"]);
  answer();
  await settle();
  expect(begun).toBe(1);
});

test("a waiting task of a cluster that is not configured any more fails instead of waiting for ever", async () => {
  const { services } = stubServices();
  const runner = new TaskRunner({
    store: new TaskStore(await openDatabase(":memory:", migrations(CLUSTER))),
    clock: services.clock,
    log: silentLog(),
    kinds: runnableKinds(services),
    publish: () => {},
    ready: (id) => canBegin(services.clusters, id),
  });
  await runner.start();
  const input = { cluster: "gone", source: "rbd/a", target: "rbd/b" };
  const id = await runner.enqueue(cloneTask, input, { id: "u1", username: "ada" });
  await settle();
  expect(await runner.get(id)).toMatchObject({
    state: "failed",
    error: { code: "CLUSTER_UNKNOWN", message: 'There is no cluster "gone" on this server.' },
  });
});
