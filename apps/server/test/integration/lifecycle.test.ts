import { type ChildProcess, spawn } from "node:child_process";
import { randomUUID } from "node:crypto";
import { once } from "node:events";
import { writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { Browser, CLUSTER, type Message, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rados, rbd } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const conf = await ownCluster();

describe("stopping", () => {
  test("SIGTERM ends streams so that tabs reconnect, closes the port, and the process exits with 0", async () => {
    await using data = await temporaryDir();
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    const browser = await Browser.open((await server.ready()).url);
    const messages = browser.events();
    await until(messages, ({ kind }) => kind === "connected");
    const rest: Message[] = [];
    const reading = (async () => {
      for await (const message of messages) rest.push(message);
    })();
    const { code } = await server.kill("SIGTERM");
    await reading.catch(() => {}); // broken off or ended: both make a browser reconnect
    expect(code).toBe(0);
    expect(rest.map(({ kind }) => kind)).not.toContain("return");
    await expect(fetch(`${browser.origin}/healthz`)).rejects.toThrow();
  });

  test("a session and its tasks outlive SIGTERM and kill -9", async () => {
    await using data = await temporaryDir();
    const image = `rbd/life-${randomUUID().slice(0, 8)}`;
    await rbd(conf, "create", image, "--size", "4M");
    let cookie = "";
    for (const signal of ["SIGTERM", "SIGKILL"] as const) {
      await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
      const { url } = await server.ready();
      const browser = cookie === "" ? await Browser.open(url) : new Browser(new URL(url).origin, cookie);
      cookie = browser.cookie;
      await untilConnected(browser);
      await cloned(browser, image, `${image}-${signal}`);
      await server.kill(signal);
    }
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    const browser = new Browser(new URL((await server.ready()).url).origin, cookie);
    const { rows } = await browser.trpc.tasks.list.query();
    expect(rows.map(({ title, state }) => [title, state])).toEqual([
      [`Clone ${image} to ${image}-SIGKILL`, "succeeded"],
      [`Clone ${image} to ${image}-SIGTERM`, "succeeded"],
    ]);
  });

  test("a task that ran when the server died is interrupted after the restart, and says what became of it", async () => {
    await using data = await temporaryDir();
    const image = `rbd/held-${randomUUID().slice(0, 8)}`;
    await rbd(conf, "create", image, "--size", "64M");
    await using holder = await holdImage(image);
    let id: string;
    {
      await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
      const browser = await Browser.open((await server.ready()).url);
      await untilConnected(browser);
      const messages = browser.events();
      await until(messages, ({ kind }) => kind === "connected");
      ({ taskId: id } = await browser.trpc.clone.start.mutate({
        cluster: CLUSTER,
        source: image,
        target: `${image}-clone`,
      }));
      await until(messages, ({ event }) => event?.type === "task" && event.task.state === "running");
      await expect.poll(recordedOperations, { timeout: 20_000 }).toContain(`${image.slice(4)}-clone/make`);
      await server.kill("SIGKILL");
    }
    holder.release();
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    const browser = await Browser.open((await server.ready()).url);
    const errorOf = async () => (await browser.trpc.tasks.get.query({ id })).error?.message;
    await expect.poll(errorOf, { timeout: 45_000 }).toContain("what it had begun was undone");
    expect(await recordedOperations()).not.toContain(`${image.slice(4)}-clone/make`);
    const task = await browser.trpc.tasks.get.query({ id });
    expect(task).toMatchObject({
      state: "interrupted",
      error: { code: "INTERRUPTED", object: `${image}-clone` },
      log: [{ text: task.error?.message }],
    });
    expect(server.log).toContain("an interrupted operation was reconciled");
    expect((await rbd(conf, "ls", "rbd")).split("\n")).not.toContain(`${image.slice(4)}-clone`);
    expect(await rbd(conf, "snap", "ls", image)).toBe("");
  });
});

describe("starting", () => {
  test("without a cluster the server runs, reports that it is not ready, and says why", async () => {
    await using data = await temporaryDir();
    const nowhere = join(data.path, "ceph.conf");
    await writeFile(nowhere, "[global]\nmon host = 127.0.0.1:1\nauth client required = none\n");
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: nowhere });
    const browser = await Browser.open((await server.ready()).url);
    expect((await fetch(`${browser.origin}/healthz`)).status).toBe(200);
    expect((await fetch(`${browser.origin}/readyz`)).status).toBe(503);
    await expect(browser.trpc.images.list.query({ cluster: CLUSTER })).rejects.toMatchObject({
      data: { code: "SERVICE_UNAVAILABLE", coppice: { code: "CLUSTER_UNREACHABLE" } },
    });
    expect(server.log).not.toContain("key =");
  });

  test("a wrong setting ends it with an error message and code 2", async () => {
    await using data = await temporaryDir();
    for (const [env, sentence] of [
      [{ COPPICE_PORT: "many" }, 'COPPICE_PORT must be a whole number (it is "many").\n'],
      [{ CEPH_CONF: "/nowhere/ceph.conf" }, "CEPH_CONF names /nowhere/ceph.conf, which cannot be read.\n"],
    ] as const) {
      await using server = new ServerProcess({ COPPICE_DATA: data.path, ...env });
      expect(await server.ended).toMatchObject({ code: 2, stdout: "", stderr: sentence });
    }
  });

  test("a start that failed ends although its launcher still runs", async () => {
    await using data = await temporaryDir();
    await using wrong = new ServerProcess(
      { COPPICE_DATA: data.path, CEPH_CONF: conf, COPPICE_LOG_LEVEL: "loud" },
      { launched: true },
    );
    expect(await wrong.ended).toMatchObject({ code: 2 });
    await using first = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    await first.ready();
    await using second = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf }, { launched: true });
    expect(await second.ended).toMatchObject({ code: 4 });
  });

  test("a taken port ends it with an error message and code 3", async () => {
    await using data = await temporaryDir();
    const other = createServer().listen(0, "127.0.0.1");
    await once(other, "listening");
    const address = other.address();
    const port = typeof address === "object" ? String(address?.port) : "";
    await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf, COPPICE_PORT: port });
    const { code, stderr } = await server.ended;
    expect(code).toBe(3);
    expect(stderr).toContain(`Port ${port} is taken by another program.`);
    expect(stderr).not.toContain("    at ");
    other.close();
  });

  test("a second server with the same data directory is refused with an error message and code 4", async () => {
    await using data = await temporaryDir();
    await using first = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    await first.ready();
    await using second = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
    expect(await second.ended).toMatchObject({
      code: 4,
      stderr: expect.stringContaining("Another Coppice server is running"),
    });
  });
});

async function untilConnected(browser: Browser): Promise<void> {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  // Answers as soon as the first look at the cluster is complete.
  await browser.trpc.images.list.query({ cluster: CLUSTER });
  await messages.return(undefined);
}

async function cloned(browser: Browser, source: string, target: string): Promise<void> {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  await browser.trpc.clone.start.mutate({ cluster: CLUSTER, source, target });
  await until(messages, ({ event }) => event?.type === "task" && event.task.state === "succeeded");
  await messages.return(undefined);
}

/** The keys of the operations that are recorded in the pool. */
async function recordedOperations(): Promise<string[]> {
  return rados(conf, "-p", "rbd", "listomapkeys", "coppice.operations");
}

/** Another client that owns the image's lock and does not answer: whoever wants to change the image has to wait. */
async function holdImage(image: string): Promise<AsyncDisposable & { release(): void }> {
  const writer: ChildProcess = spawn(
    "rbd",
    [
      "-c",
      conf,
      "bench",
      image,
      "--io-type",
      "write",
      "--io-size",
      "4K",
      "--io-threads",
      "1",
      "--io-total",
      "1T",
    ],
    { stdio: ["ignore", "pipe", "ignore"] },
  );
  if (writer.stdout === null) throw new Error("there is no standard output");
  for await (const chunk of writer.stdout) if (/^\s+1\s/m.test(String(chunk))) break; // a second of writing
  writer.kill("SIGSTOP");
  const release = () => void writer.kill("SIGKILL");
  return { release, [Symbol.asyncDispose]: async () => release() };
}
