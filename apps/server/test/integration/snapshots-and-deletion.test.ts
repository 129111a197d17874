import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser, CLUSTER, isTaskEnd, type Message, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster();
const space = `snaps-${randomUUID().slice(0, 8)}`;
const disk = `rbd/${space}/disk`;
const MiB = 2 ** 20;

let data: Awaited<ReturnType<typeof temporaryDir>>;
let server: ServerProcess;
let browser: Browser;
let messages: AsyncGenerator<Message>;

beforeAll(async () => {
  await rbd(conf, "namespace", "create", `rbd/${space}`);
  await rbd(conf, "create", disk, "--size", "16M", "--object-size", "1M");
  data = await temporaryDir();
  server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  browser = await Browser.open((await server.ready()).url);
  messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
});
afterAll(async () => {
  await messages.return(undefined);
  await server[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

const api = () => browser.trpc;

/** Waits for the end of a task, and gives it with its log. */
async function ended(queued: Promise<{ taskId: string }>) {
  const { taskId } = await queued;
  const now = await api().tasks.get.query({ id: taskId });
  if (now.endedAt === null) {
    await until(messages, (message) => {
      const { event } = message;
      return isTaskEnd(message) && event?.type === "task" && event.task.id === taskId;
    });
  }
  return api().tasks.get.query({ id: taskId });
}

const create = (snapshot: string, image = disk) =>
  ended(api().snapshots.create.mutate({ cluster: CLUSTER, image, snapshot }));

/** Writes whole objects. */
async function write(image: string, objects: number, pattern = "seq"): Promise<void> {
  const args = ["--io-type", "write", "--io-size", "1M", "--io-threads", "1", "--io-pattern", pattern];
  await rbd(conf, "bench", image, ...args, "--io-total", `${objects}M`);
}

type Listed = { id: number; name: string; protected: string };
const snapshots = async (image = disk) =>
  (await rbdJson<Listed[]>(conf, "snap", "ls", image)).map(({ name, protected: held }) => [name, held]);

/** The bytes of an image or snapshot, as `rbd export` writes them. */
async function contentOf(spec: string): Promise<string> {
  const file = `${data.path}/export-${randomUUID()}`;
  await rbd(conf, "export", "--no-progress", spec, file);
  const { createHash } = await import("node:crypto");
  const { readFile } = await import("node:fs/promises");
  return createHash("sha256")
    .update(await readFile(file))
    .digest("hex");
}

test("a chain is measured in parts, exactly or from object maps, and rbd agrees", async () => {
  await write(disk, 4);
  expect(await create("one")).toMatchObject({
    state: "succeeded",
    result: { kind: "snapshot", target: `${disk}@one`, change: "create" },
  });
  await write(disk, 2);
  await create("two");
  await write(disk, 3);

  const chain = await api().chain.get.query({ cluster: CLUSTER, image: disk });
  expect(chain.points.map(({ snapshot }) => snapshot?.name ?? null)).toEqual([null, "two", "one"]);
  const [head, two, one] = chain.points.map(({ id }) => id);
  if (head === undefined || two === undefined || one === undefined) throw new Error("there are three points");

  const du = await rbdJson<{ images: { snapshot?: string; used_size: number }[] }>(conf, "du", disk);
  const used = du.images.map(({ used_size }) => used_size);
  const sizes = (points: (string | null)[], exact = false) =>
    api().chain.sizes.query({ cluster: CLUSTER, image: disk, points, exact });
  const estimated = await sizes([one, two, head]);
  expect(estimated.objectMaps).toEqual({ state: "valid", remedy: null });
  expect(estimated.points.map(({ delta }) => delta)).toEqual(
    used.map((bytes) => ({ bytes, accuracy: "estimated" })),
  );
  // What was written at "two" and is overwritten since is nobody else's.
  expect(estimated.points[1]?.freedIfRemoved).toEqual({ bytes: 2 * MiB, accuracy: "estimated" });
  expect(estimated.points[2]).toMatchObject({ id: null, freedIfRemoved: null });
  // Once more, partly from the cache, and one point alone.
  expect(await sizes([one, two, head])).toEqual(estimated);
  expect((await sizes([two])).points).toEqual([estimated.points[1]]);
  expect((await sizes([two, "999999"], true)).points).toEqual([
    {
      id: two,
      delta: { bytes: 2 * MiB, accuracy: "exact" },
      freedIfRemoved: { bytes: 2 * MiB, accuracy: "exact" },
    },
  ]);

  const diff = await rbdJson<{ length: number; exists: string }[]>(
    conf,
    "diff",
    "--from-snap",
    "one",
    `${disk}@two`,
  );
  const changed = await api().chain.changed.query({
    cluster: CLUSTER,
    image: disk,
    from: one,
    to: two,
    buckets: 16,
  });
  expect(changed.writtenBytes).toBe(diff.reduce((sum, { length }) => sum + length, 0));
  expect(changed.strip).toEqual([MiB, MiB, ...Array(14).fill(0)]);
  expect(
    await api().chain.changed.query({ cluster: CLUSTER, image: disk, from: one, to: two, buckets: 16 }),
  ).toEqual(changed);
  const absent = api().chain.changed.query({ cluster: CLUSTER, image: disk, from: "999999", to: null });
  await expect(absent).rejects.toMatchObject({ data: { coppice: { code: "NOT_FOUND" } } });
});

test("snapshots are renamed, protected and unprotected, and an image is rolled back with its state kept", async () => {
  const named = { cluster: CLUSTER, image: disk, snapshot: "two" };
  await ended(api().snapshots.rename.mutate({ ...named, name: "second" }));
  await ended(api().snapshots.protect.mutate({ ...named, snapshot: "second" }));
  expect(await snapshots()).toEqual([
    ["one", "false"],
    ["second", "true"],
  ]);
  await ended(api().snapshots.unprotect.mutate({ ...named, snapshot: "second" }));
  expect(await create("one")).toMatchObject({ state: "failed", error: { code: "EXISTS" } });
  await expect(api().snapshots.create.mutate({ ...named, snapshot: "a/b" })).rejects.toMatchObject({
    data: { coppice: { code: "INVALID_NAME" } },
  });

  const before = await contentOf(disk);
  const rollback = { cluster: CLUSTER, image: disk, snapshot: "one", keepAs: "before" };
  expect(await ended(api().rollback.start.mutate(rollback))).toMatchObject({
    state: "succeeded",
    result: { kind: "rollback", target: disk, keptAs: "before" },
  });
  expect(await contentOf(disk)).toBe(await contentOf(`${disk}@one`));
  expect(await contentOf(`${disk}@before`)).toBe(before);
  // One that cannot be rolled back leaves no kept state.
  const absent = await ended(api().rollback.start.mutate({ ...rollback, snapshot: "none", keepAs: "again" }));
  expect(absent).toMatchObject({ state: "failed", error: { code: "NOT_FOUND" } });
  expect((await snapshots()).map(([name]) => name)).toEqual(["one", "second", "before"]);
});

test("a deletion executes the plan that was shown, and refuses when the facts have changed since", async () => {
  const clone = `rbd/${space}/clone`;
  await rbd(conf, "snap", "protect", `${disk}@one`);
  await rbd(conf, "clone", `${disk}@one`, clone);
  const content = await contentOf(clone);
  const target = { cluster: CLUSTER, image: disk };
  const old = await api().deletion.plan.query(target);
  expect(old.blockers.map(({ kind }) => kind)).toEqual(
    expect.arrayContaining(["child", "snapshot", "protected"]),
  );

  await rbd(conf, "clone", `${disk}@one`, `${clone}-2`);
  const start = (fingerprint: string) =>
    api().deletion.start.mutate({ ...target, way: "remove", fingerprint });
  await expect(start(old.fingerprint)).rejects.toMatchObject({
    data: { code: "CONFLICT", coppice: { code: "PLAN_CHANGED", object: disk } },
  });

  const plan = await api().deletion.plan.query(target);
  const way = plan.ways.find((each) => each.way === "remove");
  expect(way).toMatchObject({ open: true, frees: { accuracy: "estimated" } });
  expect(way?.steps.map(({ text }) => text)).toEqual([
    `flatten ${clone}`,
    `flatten ${clone}-2`,
    "move it to the trash",
    "unprotect the snapshot one",
    "remove the snapshot one",
    "remove the snapshot second",
    "remove the snapshot before",
    "remove it from the trash",
  ]);
  const task = await ended(start(plan.fingerprint));
  expect(task).toMatchObject({ state: "succeeded", result: { kind: "delete", target: disk, steps: 8 } });
  expect(task.log.map(({ text }) => text)).toEqual(
    way?.steps.map(({ text }, at) => `Step ${at + 1} of 8: ${text}.`),
  );
  expect((await rbd(conf, "ls", `rbd/${space}`)).trim().split("\n")).toEqual(["clone", "clone-2"]);
  expect(await rbd(conf, "trash", "ls", `rbd/${space}`)).toBe("");
  expect(await contentOf(clone)).toBe(content);
});

test("an image goes to the trash and comes back, a lock is broken, and expired images are purged", async () => {
  const image = `rbd/${space}/clone`;
  await rbd(conf, "lock", "add", image, "maintenance");
  const refused = await ended(api().trash.move.mutate({ cluster: CLUSTER, image }));
  expect(refused).toMatchObject({ state: "failed", error: { code: "BUSY" } });
  const plan = () => api().deletion.plan.query({ cluster: CLUSTER, image });
  const lock = (await plan()).blockers.find(({ kind }) => kind === "lock");
  if (lock?.owner == null) throw new Error("the lock has an owner");
  expect((await plan()).ways.some(({ open }) => open)).toBe(false);
  expect(await api().locks.break.mutate({ cluster: CLUSTER, image, owner: lock.owner })).toMatchObject({
    owner: lock.owner,
    wasInUse: false,
  });
  expect(await rbdJson<object>(conf, "lock", "ls", image)).toEqual([]);

  const moved = await ended(api().tasks.retry.mutate({ id: refused.id }));
  expect(moved).toMatchObject({ state: "succeeded", result: { kind: "move-to-trash", target: image } });
  const key = moved.result?.kind === "move-to-trash" ? moved.result.key : "";
  await ended(api().trash.move.mutate({ cluster: CLUSTER, image: `${image}-2`, keepSeconds: 3600 }));
  expect(await rbd(conf, "ls", `rbd/${space}`)).toBe("");
  const first = await api().trash.list.query({ cluster: CLUSTER, limit: 1 });
  expect(first).toMatchObject({ total: 2, expired: 1 });
  const second = await api().trash.list.query({ cluster: CLUSTER, limit: 1, cursor: first.nextCursor ?? "" });
  expect(second.nextCursor).toBeNull();
  // Ceph keeps whole seconds, so either may come first.
  expect([...first.rows, ...second.rows].toSorted((a, b) => a.spec.length - b.spec.length)).toMatchObject([
    { spec: image, key, expired: true, size: 16 * MiB },
    { spec: `${image}-2`, expired: false },
  ]);
  expect(await api().trash.list.query({ cluster: CLUSTER, search: "CLONE-2" })).toMatchObject({ total: 1 });

  const restored = await ended(api().trash.restore.mutate({ cluster: CLUSTER, image: key, name: "back" }));
  expect(restored).toMatchObject({ state: "succeeded", result: { target: `rbd/${space}/back` } });
  expect((await rbd(conf, "ls", `rbd/${space}`)).trim()).toBe("back");
  await expect(api().trash.restore.mutate({ cluster: CLUSTER, image: key })).rejects.toMatchObject({
    data: { coppice: { code: "IMAGE_UNKNOWN" } },
  });

  await ended(api().trash.move.mutate({ cluster: CLUSTER, image: `rbd/${space}/back` }));
  const preview = await api().trash.purgePreview.query({ cluster: CLUSTER });
  expect(preview.images).toMatchObject([{ spec: `rbd/${space}/back`, state: "removed" }]);
  const { expiredBefore } = preview;
  const purged = await ended(api().trash.purge.mutate({ cluster: CLUSTER, expiredBefore }));
  expect(purged).toMatchObject({ state: "succeeded", result: { removed: 1, kept: 0 } });
  const left = await rbdJson<{ name: string }[]>(conf, "trash", "ls", `rbd/${space}`);
  expect(left.map(({ name }) => name)).toEqual(["clone-2"]);
});
