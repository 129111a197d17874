import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser, CLUSTER, isTaskEnd, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster({ mgr: true });
const space = `server-${randomUUID().slice(0, 8)}`;
const disk = `rbd/${space}/disk`;

let data: Awaited<ReturnType<typeof temporaryDir>>;
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  await rbd(conf, "namespace", "create", `rbd/${space}`);
  await rbd(
    conf,
    "create",
    disk,
    "--size",
    "32M",
    "--object-size",
    "1M",
    "--stripe-unit",
    "64K",
    "--stripe-count",
    "4",
  );
  await rbd(conf, "bench", disk, "--io-type", "write", "--io-size", "4K", "--io-total", "64K");
  data = await temporaryDir();
  server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  browser = await Browser.open((await server.ready()).url);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

/** Clones and waits for the end over the event stream, as the dashboard does. */
async function clone(source: string, target: string) {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const { taskId } = await browser.trpc.clone.start.mutate({ cluster: CLUSTER, source, target });
  const seen = await until(messages, isTaskEnd);
  await messages.return(undefined);
  const states = seen.flatMap(({ event }) =>
    event?.type === "task" && event.task.id === taskId ? [event.task.state] : [],
  );
  return { task: await browser.trpc.tasks.get.query({ id: taskId }), states };
}

test("a signed-in user sees the cluster and its images", async () => {
  expect((await browser.trpc.session.me.query()).user).toMatchObject({ username: "admin", role: "admin" });
  const info = await browser.trpc.cluster.info.query({ cluster: CLUSTER });
  expect(info.id).toBe(CLUSTER);
  expect(await browser.trpc.clusters.list.query()).toEqual({
    clusters: [{ id: CLUSTER, connected: true, fsid: info.fsid, error: null }],
  });
  expect(info.librbdVersion).toMatch(/^1\.\d+/);
  expect(info.totalBytes).toBeGreaterThan(0);
  const { rows, filtered } = await browser.trpc.images.list.query({ cluster: CLUSTER, namespace: space });
  expect(filtered).toBe(1);
  expect(rows[0]).toMatchObject({ spec: disk, size: 32 * 1024 ** 2, depth: 0, state: "ok" });
});

test("a clone is planned, made, reported to every tab and listed under its parent, and rbd agrees", async () => {
  const target = `rbd/${space}/clone-1`;
  const plan = await browser.trpc.clone.plan.query({ cluster: CLUSTER, source: disk, target });
  expect(plan).toMatchObject({
    snapshot: { action: "create" },
    stripeUnit: 64 * 1024,
    stripeCount: 4,
    depth: 1,
  });
  expect(await rbdJson<unknown[]>(conf, "snap", "ls", disk)).toEqual([]); // planning changed nothing

  const { task, states } = await clone(disk, target);
  expect(states.at(0)).toBe("queued");
  expect(states.at(-1)).toBe("succeeded");
  expect(task).toMatchObject({
    state: "succeeded",
    object: {
      kind: "image",
      cluster: CLUSTER,
      spec: target,
      pool: "rbd",
      namespace: space,
      image: "clone-1",
    },
    related: [{ kind: "image", cluster: CLUSTER, spec: disk, pool: "rbd", namespace: space, image: "disk" }],
    result: { target, snapshot: { action: "create" } },
  });

  const info = await rbdJson<Record<string, unknown>>(conf, "info", target);
  expect(info).toMatchObject({
    size: 32 * 1024 ** 2,
    stripe_unit: 64 * 1024,
    stripe_count: 4,
    parent: { pool: "rbd", pool_namespace: space, image: "disk" },
  });
  const detail = await browser.trpc.images.get.query({ cluster: CLUSTER, spec: target });
  expect(detail.parent?.spec).toBe(disk);
  expect(
    (await browser.trpc.images.get.query({ cluster: CLUSTER, spec: disk })).children.map(({ spec }) => spec),
  ).toEqual([target]);
  const { nodes } = await browser.trpc.lineage.forest.query({ cluster: CLUSTER });
  const node = nodes.find(({ spec }) => spec === target);
  expect(nodes.find(({ key }) => key === node?.parentKey)?.spec).toBe(disk);
});

test("a second clone of an unchanged image makes no second snapshot", async () => {
  const { task } = await clone(disk, `rbd/${space}/clone-2`);
  expect(task.result).toMatchObject({ snapshot: { action: "reuse" } });
  expect((await rbdJson<unknown[]>(conf, "snap", "ls", disk)).length).toBe(1);
});

test("a clone that cannot be made is a failed task with an error message, and leaves nothing behind", async () => {
  const before = await rbd(conf, "ls", `rbd/${space}`);
  const { task } = await clone(disk, `rbd/${space}/clone-1`);
  expect(task).toMatchObject({ state: "failed", error: { code: "EXISTS", object: `rbd/${space}/clone-1` } });
  expect(await rbd(conf, "ls", `rbd/${space}`)).toBe(before);
});

test("an invalid name or a missing source is refused with a typed error before a task is queued", async () => {
  const start = (source: string, target: string) =>
    browser.trpc.clone.start.mutate({ cluster: CLUSTER, source, target });
  await expect(start("no slash", "rbd/x")).rejects.toMatchObject({
    data: { code: "BAD_REQUEST", coppice: { code: "INVALID_NAME", hint: expect.stringContaining("pool/") } },
  });
  const plan = browser.trpc.clone.plan.query({
    cluster: CLUSTER,
    source: `rbd/${space}/absent`,
    target: `rbd/${space}/x`,
  });
  await expect(plan).rejects.toMatchObject({
    data: { code: "NOT_FOUND", coppice: { code: "NOT_FOUND", object: `rbd/${space}/absent` } },
  });
});

test("an event stream that is resumed misses no event", async () => {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  await browser.trpc.clone.start.mutate({ cluster: CLUSTER, source: disk, target: `rbd/${space}/clone-3` });
  const first = (await until(messages, ({ event }) => event?.type === "task")).at(-1);
  await messages.return(undefined);
  const again = browser.events({ lastEventId: first?.id ?? "" });
  const rest = await until(again, isTaskEnd);
  expect(rest.some(({ event }) => event?.type === "reset")).toBe(false);
  await again.return(undefined);
});

test("an inventory event names the images that changed", async () => {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  await rbd(conf, "create", `rbd/${space}/new`, "--size", "4M");
  await browser.trpc.inventory.refresh.mutate({ cluster: CLUSTER });
  const { key } = await browser.trpc.images.get.query({ cluster: CLUSTER, spec: `rbd/${space}/new` });
  const told = await until(
    messages,
    ({ event }) => event?.type === "inventory" && event.changed.includes(key),
  );
  expect(told.at(-1)?.event).toMatchObject({ type: "inventory", cluster: CLUSTER });
  await messages.return(undefined);
});
