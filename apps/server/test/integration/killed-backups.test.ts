import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import type { Task } from "../../src/router.ts";
import { Browser, CLUSTER, type Message, until } from "../support/browser.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rados, rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";
import { succeeded } from "../support/tasks.ts";

const run = promisify(execFile);
const MIB = 1024 ** 2;
const disk = "rbd/disk";
const conf = await ownCluster();
await using data = await temporaryDir();

async function content(spec: string): Promise<string> {
  const args = ["-c", conf, "export", "--no-progress", spec, "-"];
  const { stdout } = await run("rbd", args, { encoding: "buffer", maxBuffer: 256 * MIB });
  return createHash("sha256").update(stdout).digest("hex");
}

async function write(spec: string, total: string): Promise<void> {
  await rbd(conf, "bench", spec, "--io-type", "write", "--io-size", "1M", "--io-total", total);
}

const snapshotsOf = async (spec: string) =>
  (await rbdJson<{ name: string }[]>(conf, "snap", "ls", spec)).map(({ name }) => name);
const imagesOf = async (pool: string) => (await rbd(conf, "ls", pool)).split("\n").filter(Boolean);
const operationsOf = async (pool: string) =>
  (await rados(conf, "-p", pool, "listomapkeys", "coppice.operations")).filter(Boolean);

async function open(env: Record<string, string> = {}) {
  const server = new ServerProcess({
    COPPICE_DATA: data.path,
    CEPH_CONF: conf,
    COPPICE_BACKUP_POOL: "backups",
    ...env,
  });
  return { server, browser: await Browser.open((await server.ready()).url) };
}

/** Starts a task, and kills the server when the task is in this phase. @returns the task's id */
async function killIn(
  phase: string,
  start: (browser: Browser) => Promise<{ taskId: string }>,
): Promise<string> {
  const { server, browser } = await open();
  await using _server = server;
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const { taskId } = await start(browser);
  await until(
    messages,
    ({ event }) => event?.type === "task" && event.task.id === taskId && event.task.phase === phase,
  );
  await server.kill("SIGKILL");
  await messages.return(undefined).catch(() => {}); // the stream was cut off
  return taskId;
}

/** The task, once the server has said what became of it. */
async function settled(browser: Browser, id: string): Promise<Task> {
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const isSettled = ({ state, error }: Pick<Task, "state" | "error">) =>
    state === "succeeded" || error?.message.startsWith("This was interrupted") === true;
  const isIt = ({ event }: Message) =>
    event?.type === "task" && event.task.id === id && isSettled(event.task);
  if (!isSettled(await browser.trpc.tasks.get.query({ id }))) await until(messages, isIt);
  await messages.return(undefined);
  return await browser.trpc.tasks.get.query({ id });
}

test("a server that is killed in a backup or a restore says after its next start what became of it", {
  timeout: 600_000,
}, async () => {
  await run("ceph", ["-c", conf, "osd", "pool", "create", "backups"]);
  await rbd(conf, "pool", "init", "backups");
  await rbd(conf, "create", disk, "--size", "64M");
  await write(disk, "64M");
  const whole = await content(disk);
  const targetOf = async ({ trpc }: Browser) =>
    (await trpc.backups.targets.list.query()).targets[0]?.id ?? "";
  const backUp = async (browser: Browser) =>
    browser.trpc.backups.start.mutate({ cluster: CLUSTER, image: disk, target: await targetOf(browser) });

  const backup = await killIn("Copying", backUp);
  let made: string;
  {
    const { server, browser } = await open();
    await using _server = server;
    expect(await settled(browser, backup)).toMatchObject({
      state: "interrupted",
      error: { message: expect.stringContaining("what it had begun was undone") },
    });
    expect(await snapshotsOf(disk)).toEqual([]);
    expect(await imagesOf("backups")).toEqual([]);
    expect([await operationsOf("rbd"), await operationsOf("backups")]).toEqual([[], []]);
    const { result } = await succeeded(browser, () => backUp(browser));
    made = result?.kind === "backup" ? result.backup : "";
  }

  const restore = (image: string, kind: "new" | "in-place") => async (browser: Browser) =>
    browser.trpc.backups.restore.mutate({
      target: await targetOf(browser),
      backup: made,
      to: { kind, cluster: CLUSTER, image },
    });
  const asNew = await killIn("Writing", restore("rbd/restored", "new"));
  {
    const { server, browser } = await open();
    await using _server = server;
    expect(await settled(browser, asNew)).toMatchObject({ state: "interrupted" });
    expect(await imagesOf("rbd")).toEqual(["disk"]);
    await succeeded(browser, () => restore("rbd/restored", "new")(browser));
    expect(await content("rbd/restored")).toBe(whole);
  }

  await rbd(conf, "resize", "--no-progress", "--allow-shrink", "--size", "1M", "rbd/restored");
  const inPlace = await killIn("Writing", restore("rbd/restored", "in-place"));
  {
    const { server, browser } = await open();
    await using _server = server;
    // Nobody but its user knows whether the image was used since: it is left, and the task says where the state before is.
    const [safety = ""] = await snapshotsOf("rbd/restored");
    expect(await settled(browser, inPlace)).toMatchObject({
      state: "interrupted",
      error: { message: expect.stringContaining(safety) },
    });
    await succeeded(browser, () => restore("rbd/restored", "in-place")(browser));
    expect(await content("rbd/restored")).toBe(whole);
    expect(await snapshotsOf("rbd/restored")).toEqual([safety]);
    expect([await operationsOf("rbd"), await operationsOf("backups")]).toEqual([[], []]);
  }
});
