import { createHash, randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer, request as httpRequest } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { afterAll, beforeAll, expect, test } from "vitest";
import { Browser, CLUSTER, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster();
const space = `volumes-${randomUUID().slice(0, 8)}`;
const mebibyte = 1024 ** 2;
/** Data, a hole, and data again. */
const disk = Buffer.concat([randomBytes(3 * mebibyte), Buffer.alloc(5 * mebibyte), randomBytes(mebibyte)]);
const sha256 = createHash("sha256").update(disk).digest("hex");

let data: Awaited<ReturnType<typeof temporaryDir>>;
let server: ServerProcess;
let browser: Browser;

beforeAll(async () => {
  await rbd(conf, "namespace", "create", `rbd/${space}`);
  data = await temporaryDir();
  server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf, COPPICE_IMPORT_PRIVATE: "1" });
  browser = await Browser.open((await server.ready()).url);
});
afterAll(async () => {
  await server[Symbol.asyncDispose]();
  await data[Symbol.asyncDispose]();
});

const named = (name: string) => `rbd/${space}/${name}`;
const images = async () => (await rbdJson<string[]>(conf, "ls", `rbd/${space}`)).toSorted();

/** Starts a task, and waits until one of its events is `wanted`. */
async function started<T extends { taskId: string }>(
  start: () => Promise<T>,
  meanwhile: (started: T) => void = () => {},
): Promise<Awaited<ReturnType<Browser["trpc"]["tasks"]["get"]["query"]>>> {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const running = await start();
  meanwhile(running);
  const ended = ["succeeded", "failed", "canceled", "interrupted"];
  await until(
    messages,
    ({ event }) =>
      event?.type === "task" && event.task.id === running.taskId && ended.includes(event.task.state),
  );
  await messages.return(undefined);
  return browser.trpc.tasks.get.query({ id: running.taskId });
}

const volumes = () => browser.trpc.volumes;

function put(
  path: string | null,
  body: string | Buffer<ArrayBuffer>,
  cookie = browser.cookie,
): Promise<Response> {
  return fetch(`${browser.origin}${path}`, {
    method: "PUT",
    headers: { cookie, origin: browser.origin, "content-type": "application/octet-stream" },
    body,
  });
}

const importUpload = (target: string, expected = sha256) =>
  volumes().import.start.mutate({
    cluster: CLUSTER,
    target,
    sha256: expected,
    source: { kind: "upload", size: disk.length },
  });

async function exported(spec: string): Promise<Buffer> {
  const file = join(data.path, randomUUID());
  await rbd(conf, "export", "--no-progress", spec, file);
  return await readFile(file);
}

test("an uploaded disk becomes a template, byte for byte, and is downloaded again", async () => {
  let answer: Promise<Response> | undefined;
  const task = await started(
    () => importUpload(named("uploaded")),
    ({ upload }) => {
      answer = put(upload, disk);
    },
  );
  expect(task).toMatchObject({
    state: "succeeded",
    kind: "import-template",
    result: { size: disk.length, format: "raw", sha256, snapshot: `${named("uploaded")}@snap` },
  });
  expect((await answer)?.status).toBe(204);
  expect((await exported(named("uploaded"))).equals(disk)).toBe(true);

  const url = (snapshot: string) =>
    `${browser.origin}/api/export?${new URLSearchParams({ cluster: CLUSTER, snapshot })}`;
  const download = await fetch(url(`${named("uploaded")}@snap`), { headers: { cookie: browser.cookie } });
  expect(download.headers.get("content-disposition")).toContain('filename="uploaded-snap.raw"');
  expect(Buffer.from(await download.arrayBuffer()).equals(disk)).toBe(true);
  const stranger = await fetch(url(`${named("uploaded")}@snap`));
  expect([stranger.status, await stranger.json()]).toMatchObject([401, { code: "NOT_SIGNED_IN" }]);
  const ofImage = await fetch(url(named("uploaded")), { headers: { cookie: browser.cookie } });
  expect([ofImage.status, await ofImage.json()]).toMatchObject([400, { code: "INVALID_NAME" }]);
  const { rows } = await browser.trpc.audit.list.query();
  const entries = rows.filter(({ action }) => action === "volumes.export").map(({ outcome }) => outcome);
  expect(entries).toEqual(["INVALID_NAME", "ok"]);
});

test("an upload with another checksum, one that breaks off, and one that is canceled leave nothing", async () => {
  const before = await images();
  let answer: Promise<Response> | undefined;
  const other = await started(
    () => importUpload(named("other"), "0".repeat(64)),
    ({ upload }) => {
      answer = put(upload, disk);
    },
  );
  expect(other).toMatchObject({
    state: "failed",
    error: { code: "IO", hint: expect.stringContaining("damaged") },
  });
  expect(await (await answer)?.json()).toMatchObject({ code: "IO" });

  const sending = (path: string | null) => {
    const request = httpRequest(`${browser.origin}${path}`, {
      method: "PUT",
      headers: {
        cookie: browser.cookie,
        origin: browser.origin,
        "content-type": "application/octet-stream",
        "content-length": disk.length,
      },
    });
    request.on("error", () => {}); // it is broken off on purpose
    request.write(disk.subarray(0, 2 * mebibyte));
    return request;
  };
  const broken = await started(
    () => importUpload(named("broken")),
    ({ taskId, upload }) => {
      const request = sending(upload);
      void writing(taskId).then(() => request.destroy());
    },
  );
  expect(broken).toMatchObject({
    state: "failed",
    error: { code: "IO", message: expect.stringContaining("broke off") },
  });

  const canceled = await started(
    () => importUpload(named("canceled")),
    ({ taskId, upload }) => {
      sending(upload);
      void writing(taskId).then(() => browser.trpc.tasks.cancel.mutate({ id: taskId }));
    },
  );
  expect(canceled.state).toBe("canceled");
  expect(await images()).toEqual(before);
});

/** Resolves when the disk is being written: the image is there then. */
async function writing(taskId: string): Promise<void> {
  const messages = browser.events();
  const { phase } = await browser.trpc.tasks.get.query({ id: taskId });
  const isWriting = (text: string | null) => text === "Writing the disk";
  if (!isWriting(phase)) {
    await until(
      messages,
      ({ event }) => event?.type === "task" && event.task.id === taskId && isWriting(event.task.phase),
    );
  }
  await messages.return(undefined);
}

test("an upload is taken from the person who began it alone, once, and by no other site", async () => {
  const nothing = await put(`/api/uploads/${randomUUID()}`, "x");
  expect([nothing.status, await nothing.json()]).toMatchObject([404, { code: "UPLOAD_UNKNOWN" }]);
  expect((await put(`/api/uploads/${randomUUID()}`, "x", "")).status).toBe(401);
  const foreign = await fetch(`${browser.origin}/api/uploads/${randomUUID()}`, {
    method: "PUT",
    headers: {
      cookie: browser.cookie,
      origin: "https://evil.example",
      "content-type": "application/octet-stream",
    },
    body: "x",
  });
  expect(foreign.status).toBe(403);
});

test("a disk is imported from an address", async () => {
  await using web = await serving(disk);
  const task = await started(() =>
    volumes().import.start.mutate({
      cluster: CLUSTER,
      target: named("downloaded"),
      sha256,
      source: { kind: "url", url: `${web.origin}/disk.raw?key=secret` },
    }),
  );
  expect(task).toMatchObject({
    state: "succeeded",
    title: `Import ${named("downloaded")} from ${web.origin}/disk.raw`,
  });
  expect(JSON.stringify(task)).not.toContain("secret");
  expect((await exported(named("downloaded"))).equals(disk)).toBe(true);
});

async function serving(body: Buffer): Promise<AsyncDisposable & { origin: string }> {
  const web = createServer((_request, response) => response.end(body));
  web.listen(0, "127.0.0.1");
  await once(web, "listening");
  const origin = `http://127.0.0.1:${(web.address() as AddressInfo).port}`;
  return { origin, [Symbol.asyncDispose]: async () => void web.close() };
}

test("an image is created, resized, copied, captured, renamed, flattened and removed, as rbd sees it, too", async () => {
  const at = { cluster: CLUSTER };
  const [image, clone] = [named("disk"), named("disk-clone")];
  const empty = {
    ...at,
    target: image,
    from: { kind: "empty" as const },
    size: 8 * mebibyte,
    objectSize: mebibyte,
  };
  expect(await volumes().create.plan.query(empty)).toMatchObject({ size: 8 * mebibyte, clone: null });
  expect((await started(() => volumes().create.start.mutate(empty))).state).toBe("succeeded");
  expect(await rbdJson(conf, "info", image)).toMatchObject({ size: 8 * mebibyte, order: 20 });
  await expect(volumes().create.start.mutate(empty)).rejects.toMatchObject({
    data: { coppice: { code: "EXISTS" } },
  });

  const grow = { ...at, image, size: 16 * mebibyte };
  expect(await volumes().resize.plan.query(grow)).toMatchObject({ change: "grow", from: 8 * mebibyte });
  await started(() => volumes().resize.start.mutate(grow));
  await rbd(
    conf,
    "bench",
    image,
    "--io-type",
    "write",
    "--io-size",
    "64K",
    "--io-total",
    "1M",
    "--io-pattern",
    "rand",
  );
  const shrink = { ...at, image, size: 512 };
  const { discards } = await volumes().resize.plan.query(shrink);
  expect(discards).toBeGreaterThan(0);
  for (const refused of [shrink, { ...shrink, discard: discards - 1 }]) {
    await expect(volumes().resize.start.mutate(refused)).rejects.toMatchObject({
      data: {
        coppice: { code: "NOT_AGREED", message: expect.stringContaining(`${discards} bytes of data`) },
      },
    });
  }

  const source = { ...at, target: clone, from: { kind: "template" as const, template: named("uploaded") } };
  expect(await volumes().create.plan.query(source)).toMatchObject({
    depth: 1,
    clone: { snapshot: { name: "snap" } },
  });
  await started(() => volumes().create.start.mutate(source));
  expect(await rbdJson(conf, "info", clone)).toMatchObject({
    parent: { image: "uploaded", snapshot: "snap" },
  });
  const template = named("uploaded");
  expect(await volumes().removeTemplate.preview.query({ ...at, template })).toMatchObject({
    clones: [{ spec: clone, inTrash: false }],
    blockers: [{ kind: "clones" }],
  });
  await expect(volumes().removeTemplate.start.mutate({ ...at, template })).rejects.toMatchObject({
    data: { coppice: { code: "BLOCKED" } },
  });

  const copy = await started(() =>
    volumes().copy.start.mutate({ ...at, image: clone, target: named("copy") }),
  );
  expect(copy).toMatchObject({ state: "succeeded", result: { kind: "copy-image" } });
  const capture = { ...at, source: clone, target: named("captured") };
  expect(await volumes().capture.plan.query(capture)).toMatchObject({ size: disk.length });
  expect((await started(() => volumes().capture.start.mutate(capture))).state).toBe("succeeded");
  const flatten = await started(() => volumes().flatten.start.mutate({ ...at, image: clone }));
  expect(flatten).toMatchObject({ state: "succeeded", result: { flattened: true } });
  expect(await rbdJson(conf, "info", clone)).not.toHaveProperty("parent");
  await expect(volumes().flatten.start.mutate({ ...at, image: clone })).rejects.toMatchObject({
    data: { coppice: { code: "INVALID_ARGUMENT" } },
  });

  const rename = { ...at, image: clone, target: named("renamed") };
  await started(() => volumes().rename.start.mutate(rename));
  for (const spec of [named("renamed"), named("copy"), `${named("captured")}@snap`]) {
    expect((await exported(spec)).equals(disk), spec).toBe(true);
  }
  await expect(
    volumes().rename.start.mutate({ ...at, image: named("renamed"), target: named("copy") }),
  ).rejects.toMatchObject({ data: { coppice: { code: "EXISTS" } } });
  await started(() => volumes().removeTemplate.start.mutate({ ...at, template }));
  expect(await images()).toEqual(["captured", "copy", "disk", "downloaded", "renamed"]);
});
