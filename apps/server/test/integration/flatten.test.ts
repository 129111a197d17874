import { randomUUID } from "node:crypto";
import { connect, requestFlatten } from "rbd-core";
import { expect, inject, test } from "vitest";
import { Browser, until } from "../support/browser.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = inject("cephConf");

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

const parentOf = async (spec: string) =>
  (await rbdJson<{ parent?: { image: string } }>(conf, "info", spec)).parent;

// The cluster takes half a minute to notice that a client is dead and to let go of what it held.
test("a flatten that was requested is taken up at the start, and again after the server died", {
  timeout: 180_000,
}, async () => {
  const [, clone = ""] = await chain(2, "256M");
  {
    await using cluster = await connect({ conf });
    await requestFlatten(cluster, clone);
  }
  await using data = await temporaryDir();
  {
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    expect(await server.logged("taking up a flatten")).toMatchObject({ image: clone });
    await server.kill("SIGKILL");
  }
  expect(await parentOf(clone)).toBeDefined();
  await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  expect(await server.logged("flattened")).toMatchObject({ image: clone });
  expect(await parentOf(clone)).toBeUndefined();
  expect(await rbd(conf, "image-meta", "list", clone)).not.toContain("coppice.flatten");
  expect((await server.kill("SIGTERM")).code).toBe(0);
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
  const plan = await browser.trpc.clone.plan.query({ source, target });
  expect(plan.warnings).toEqual([
    "The source is flattened before it is cloned: it has 2 images above it, and the hard limit is 2.",
  ]);
  expect(await parentOf(source)).toBeDefined();
  const { taskId } = await browser.trpc.clone.start.mutate({ source, target });
  await until(messages, ({ event }) => event?.type === "task" && event.task.state === "succeeded");
  await messages.return(undefined);
  const task = await browser.trpc.tasks.get.query({ id: taskId });
  expect(task).toMatchObject({ result: { depth: 1 } });
  expect(await parentOf(source)).toBeUndefined();
  expect(await parentOf(target)).toMatchObject({ image: source.slice("rbd/".length) });
});
