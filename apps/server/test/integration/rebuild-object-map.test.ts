import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser, CLUSTER, isTaskEnd, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster();
const space = `maps-${randomUUID().slice(0, 8)}`;
const disk = `rbd/${space}/disk`;

let data: Awaited<ReturnType<typeof temporaryDir>>;
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  await rbd(conf, "namespace", "create", `rbd/${space}`);
  data = await temporaryDir();
  server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  browser = await Browser.open((await server.ready()).url);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

async function rebuild(image: string) {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const { taskId } = await browser.trpc.objectMap.rebuild.mutate({ cluster: CLUSTER, image });
  await until(messages, isTaskEnd);
  await messages.return(undefined);
  return browser.trpc.tasks.get.query({ id: taskId });
}

const flags = async (at: string[]) => (await rbdJson<{ flags: string[] }>(conf, "info", ...at)).flags;

test("object maps marked as invalid are rebuilt by a task, and rbd agrees", async () => {
  // Maps that come to an image with a history are marked as invalid until they are rebuilt.
  await rbd(conf, "create", disk, "--size", "32M", "--image-feature", "layering,exclusive-lock");
  await rbd(conf, "bench", disk, "--io-type", "write", "--io-size", "4K", "--io-total", "64K");
  await rbd(conf, "snap", "create", "--no-progress", `${disk}@s`);
  await rbd(conf, "feature", "enable", disk, "object-map,fast-diff");
  const points = [[disk], [`${disk}@s`]];
  for (const point of points) expect(await flags(point)).toContain("object map invalid");
  await browser.trpc.inventory.refresh.mutate({ cluster: CLUSTER });
  const found = () =>
    browser.trpc.images.list.query({ cluster: CLUSTER, namespace: space, problem: "object-map-invalid" });
  expect((await found()).filtered).toBe(1);

  const task = await rebuild(disk);
  expect(task).toMatchObject({
    state: "succeeded",
    kind: "rebuild-object-map",
    title: `Rebuild the object map of ${disk}`,
    unit: "objects",
    result: { kind: "rebuild-object-map", target: disk, rebuilt: ["s", null] },
  });
  expect(task.log.map(({ text }) => text)).toContain("Rebuilt the maps of snapshot s, the image itself.");
  for (const point of points) {
    expect(await flags(point)).toEqual([]);
    await rbd(conf, "object-map", "check", "--no-progress", ...point);
  }
  await browser.trpc.inventory.refresh.mutate({ cluster: CLUSTER });
  expect((await found()).filtered).toBe(0);
  expect((await rebuild(disk)).result).toMatchObject({ rebuilt: [] });
});

test("an image without an object map is a failed task with a hint, and an invalid name is refused at once", async () => {
  const plain = `rbd/${space}/plain`;
  await rbd(conf, "create", plain, "--size", "4M", "--image-feature", "layering");
  expect(await rebuild(plain)).toMatchObject({
    state: "failed",
    error: { code: "UNSUPPORTED", object: plain, hint: expect.stringContaining("Enable object-map") },
  });
  for (const image of ["no slash", `${disk}@s`]) {
    await expect(browser.trpc.objectMap.rebuild.mutate({ cluster: CLUSTER, image })).rejects.toMatchObject({
      data: {
        code: "BAD_REQUEST",
        coppice: { code: "INVALID_NAME", hint: expect.stringContaining("pool/") },
      },
    });
  }
});
