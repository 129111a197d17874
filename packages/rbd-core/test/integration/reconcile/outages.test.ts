import { setTimeout as pause } from "node:timers/promises";
import { startTemporaryCluster } from "@coppice/dev-cluster";
import { expect, it } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { listOperations } from "../../../src/operation/index.ts";
import { operations, type Pools, prepareRound, remedyRound } from "../../support/killed-operations.ts";
import { isSoak } from "../../support/soak.ts";
import { useOwnPool } from "../../support/use-own-pool.ts";

const own = useOwnPool("outages");
const pools = { pool: `${own.pool}-round`, trash: `${own.pool}-round-trash` };

function begin(cluster: Cluster, of: Pools): Promise<unknown>[] {
  return Object.values(operations).map(({ run }) => run(cluster, of));
}

it("what a connection was doing when it was fenced is done by the same calls of another one, at once", {
  timeout: 120_000,
}, async () => {
  await prepareRound(own.cluster, pools);
  const fenced = await connect({ conf: own.conf });
  const { address } = await addressOf(fenced);
  const running = Promise.allSettled(begin(fenced, pools));
  await underWay(own.cluster);
  await own.cluster.fence(address);
  const codes = (await running).map((each) => (each.status === "rejected" ? each.reason.code : "done"));
  expect(codes).toContain("BLOCKLISTED");
  expect(await remedyRound(own.cluster, pools, "the same call")).toEqual([]);
  await fenced.close();
  for (const each of Object.values(pools)) await own.cluster.deletePool(each);
});

/** Waits until several operations are under way. */
async function underWay(cluster: Cluster): Promise<void> {
  const listed = async () => (await listOperations(cluster, { pools: Object.values(pools) })).length;
  await expect.poll(listed, { timeout: 20_000, interval: 10 }).toBeGreaterThan(5);
}

/** The address under which the cluster knows a connection: that of a lock that it holds for a moment. */
async function addressOf(cluster: Cluster): Promise<{ address: string }> {
  const lock = (await cluster.pool(own.pool)).objects.lock("address", "address");
  await lock.exclusive({ cookie: "address" });
  const { lockers } = await lock.info();
  await lock.unlock("address");
  return { address: lockers[0]?.address ?? "" };
}

it("operations outlast an OSD that does not answer for a while", { timeout: 180_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const ceph = stack.adopt(await startTemporaryCluster({ prefix: "coppice-outages", mgr: false }), (each) =>
    each.stop(),
  );
  const cluster = stack.use(await connect({ conf: ceph.conf }));
  await prepareRound(cluster, pools);
  const pid = await ceph.daemon("osd.0").pid();
  if (pid === undefined) throw new Error("the OSD does not run");
  const running = Promise.allSettled(begin(cluster, pools));
  await underWay(cluster);
  process.kill(pid, "SIGSTOP");
  try {
    await pause(isSoak ? 20_000 : 2000);
  } finally {
    process.kill(pid, "SIGCONT");
  }
  const failed = (await running).filter(({ status }) => status === "rejected");
  expect(failed).toEqual([]);
  for (const [name, { look }] of Object.entries(operations)) {
    const [ioCtx, trash] = [await cluster.pool(pools.pool), await cluster.pool(pools.trash)];
    expect(await look({ ioCtx, trash }), name).toBe("done");
  }
});
