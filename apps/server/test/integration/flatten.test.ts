import { randomUUID } from "node:crypto";
import { type DevCluster, startTemporaryCluster } from "@coppice/dev-cluster";
import { connect, inventory, requestFlatten } from "rbd-core";
import { afterAll, beforeAll, expect, test } from "vitest";
import { BackgroundFlattens } from "../../src/operations/background-flattens.ts";
import { Browser, CLUSTER, until } from "../support/browser.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";
import { silentLog } from "../support/silent-log.ts";

// Its own: a server takes up whatever was asked for on its cluster.
let ceph: DevCluster;
let conf: string;
beforeAll(async () => {
  ceph = await startTemporaryCluster({ prefix: "coppice-flatten", mgr: false, osdSizeGiB: 4 });
  conf = ceph.conf;
}, 120_000);
afterAll(async () => {
  await ceph?.stop();
});

/** Images above one another, each a clone of the one before; the first has data in every object. */
async function chain(length: number, size: string): Promise<string[]> {
  const name = `rbd/flatten-${randomUUID().slice(0, 8)}`;
  const specs = [`${name}-0`];
  await rbd(conf, "create", "--size", size, `${name}-0`);
  await rbd(conf, "bench", "--io-type", "write", "--io-size", "4M", "--io-total", size, `${name}-0`);
  for (let depth = 1; depth < length; depth++) {
    const snapshot = `${name}-${depth - 1}@s`;
    await rbd(conf, "snap", "create", "--no-progress", snapshot);
    await rbd(conf, "snap", "protect", snapshot);
    await rbd(conf, "clone", snapshot, `${name}-${depth}`);
    specs.push(`${name}-${depth}`);
  }
  return specs;
}

const reconciled = Promise.resolve();

const parentOf = async (spec: string) =>
  (await rbdJson<{ parent?: { image: string } }>(conf, "info", spec)).parent;

/** Resolves when a client holds the image's lock, as it does to flatten it; rejects when it is flattened already. */
async function isLocked(spec: string): Promise<void> {
  while ((await rbdJson<unknown[]>(conf, "lock", "ls", spec)).length === 0) {
    if ((await parentOf(spec)) === undefined) throw new Error(`${spec} was flattened too soon`);
  }
}

test("a flatten that was requested is taken up at the start, and finished by the next server if this one dies", {
  timeout: 180_000,
}, async () => {
  const [, clone = ""] = await chain(2, "512M");
  // One object after the other, so that the server does not finish before it is killed.
  await rbd(conf, "config", "image", "set", clone, "rbd_concurrent_management_ops", "1");
  {
    await using cluster = await connect({ conf });
    await requestFlatten(cluster, clone);
  }
  await using data = await temporaryDir();
  {
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    await server.logged("taking up a flatten", clone);
    await isLocked(clone);
    await server.kill("SIGKILL");
  }
  expect(await parentOf(clone)).toBeDefined();
  await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  await server.logged("an interrupted operation was reconciled", clone);
  expect(await parentOf(clone)).toBeUndefined();
  expect(await rbd(conf, "image-meta", "list", clone)).not.toContain("coppice.flatten");
  expect((await server.kill("SIGTERM")).code).toBe(0);
});

test("a flatten that failed is tried again later", async () => {
  const [, clone = ""] = await chain(2, "8M");
  await using cluster = await connect({ conf });
  await requestFlatten(cluster, clone);
  await rbd(conf, "lock", "add", clone, "by-hand");
  const clock = new FakeClock();
  const flattened = Promise.withResolvers<void>();
  const [log, warned] = [silentLog(), Promise.withResolvers<unknown>()];
  log.warn = (...said: unknown[]) => warned.resolve(said);
  const limits = { soft: 4, hard: 8 };
  const flattens = new BackgroundFlattens({ clock, log, limits, onFlattened: () => flattened.resolve() });
  const rows = async () =>
    (await inventory(cluster, { pools: ["rbd"] })).rows.filter((row) => clone === `rbd/${row.name}`);
  flattens.begin(cluster, reconciled, rows);
  expect(await warned.promise).toMatchObject([
    { err: { name: "CoppiceError" }, image: clone },
    expect.any(String),
  ]);
  expect(clock.pending).toBe(1);
  const [locker] = await rbdJson<{ locker: string }[]>(conf, "lock", "ls", clone);
  await rbd(conf, "lock", "rm", clone, "by-hand", locker?.locker ?? "");
  await clock.pass(30_000);
  await flattened.promise;
  expect(await parentOf(clone)).toBeUndefined();
  expect(clock.pending).toBe(0);
  await flattens.close();
});

test("the source of a clone is flattened first at the hard limit, and the plan says so", async () => {
  const [, , source = ""] = await chain(3, "8M");
  await using data = await temporaryDir();
  const limits = { COPPICE_SOFT_DEPTH: "2", COPPICE_HARD_DEPTH: "2" };
  await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf, ...limits });
  const browser = await Browser.open((await server.ready()).url);
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const target = `${source}-clone`;
  const plan = await browser.trpc.clone.plan.query({ cluster: CLUSTER, source, target });
  expect(plan.warnings).toEqual([
    "The source is flattened before it is cloned: it has 2 images above it, and the hard limit is 2.",
  ]);
  expect(await parentOf(source)).toBeDefined();
  const { taskId } = await browser.trpc.clone.start.mutate({ cluster: CLUSTER, source, target });
  await until(messages, ({ event }) => event?.type === "task" && event.task.state === "succeeded");
  await messages.return(undefined);
  const task = await browser.trpc.tasks.get.query({ id: taskId });
  expect(task).toMatchObject({ result: { depth: 1 } });
  expect(await parentOf(source)).toBeUndefined();
  expect(await parentOf(target)).toMatchObject({ image: source.slice("rbd/".length) });
});
