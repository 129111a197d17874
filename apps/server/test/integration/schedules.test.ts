import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { afterAll, beforeAll, expect, test } from "vitest";
import { readConfig } from "../../src/base/config.ts";
import type { Job, PolicyDefinition } from "../../src/router.ts";
import { startServer } from "../../src/start-server.ts";
import { Browser, CLUSTER, type Message, until } from "../support/browser.ts";
import { FakeClock } from "../support/fake-clock.ts";
import { ownCluster } from "../support/own-cluster.ts";
import { rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";

const run = promisify(execFile);

let conf: string;
let data: Awaited<ReturnType<typeof temporaryDir>>;

beforeAll(async () => {
  conf = await ownCluster();
  data = await temporaryDir();
  for (const pool of ["backups", "vms"]) {
    await run("ceph", ["-c", conf, "osd", "pool", "create", pool, "8"]);
    await rbd(conf, "pool", "init", pool);
  }
}, 300_000);
afterAll(async () => {
  await data[Symbol.asyncDispose]();
});

const settings = (dir: string) => ({ COPPICE_DATA: dir, CEPH_CONF: conf, COPPICE_BACKUP_POOL: "backups" });

const MIB = 4;

async function makeImage(spec: string): Promise<void> {
  await rbd(conf, "create", spec, "--size", `${MIB}M`, "--object-size", "1M");
  await write(spec);
}

async function write(spec: string): Promise<void> {
  await rbd(conf, "bench", spec, "--io-type", "write", "--io-size", "64K", "--io-total", `${MIB}M`);
}

async function digest(spec: string): Promise<string> {
  const args = ["-c", conf, "export", "--no-progress", spec, "-"];
  const { stdout } = await run("rbd", args, { encoding: "buffer", maxBuffer: 2 * MIB * 1024 ** 2 });
  return createHash("sha256").update(stdout).digest("hex");
}

/** The restore points of an image as plain `rbd` shows them in the pool of backups: `chain@snapshot`, oldest first. */
async function pointsOf(image: string): Promise<string[]> {
  const chains = (await rbdJson<string[]>(conf, "ls", "backups")).filter((name) => name.includes(image));
  const points = await Promise.all(
    chains.map(async (chain) => {
      const snapshots = await rbdJson<{ id: number; name: string }[]>(conf, "snap", "ls", `backups/${chain}`);
      return snapshots.map(({ name }) => `backups/${chain}@${name}`);
    }),
  );
  return points.flat();
}

/** The definition of a policy that backs these images up every minute. */
function everyMinute(name: string, target: string, images: string[]): PolicyDefinition {
  return {
    name,
    cluster: CLUSTER,
    select: { images, patterns: [], pools: [], exclude: [] },
    target,
    timeZone: "UTC",
    backup: { cron: "* * * * *", mode: "auto", chainPoints: null },
    verify: { cron: "0 0 1 1 *", depth: "deep" },
    drill: { cron: "0 0 1 1 *", pool: "vms", images: 1 },
    retention: { keepLast: 1 },
    backupWithinHours: 1,
    verifyWithinDays: 1,
    jitterMinutes: 0,
    parallel: 2,
  };
}

async function targetOf(browser: Browser): Promise<string> {
  const { targets } = await browser.trpc.backups.targets.list.query();
  const [first] = targets;
  if (first === undefined) throw new Error("there is no target");
  return first.id;
}

/** The newest run of a job, once so many are over. */
async function ended(
  browser: Browser,
  messages: AsyncGenerator<Message>,
  id: string,
  count: number,
  job: Job,
) {
  for (;;) {
    const { rows } = await browser.trpc.policies.runs.query({ id, job });
    const over = rows.filter(({ state }) => state !== "waiting" && state !== "running");
    const [newest] = over;
    if (newest !== undefined && over.length >= count) return newest;
    await until(messages, ({ event }) => event?.type === "policy");
  }
}

test("a schedule backs up, keeps what its retention says, verifies and tries a restore", async () => {
  const images = ["vms/web-1", "vms/web-2"];
  for (const image of images) await makeImage(image);
  const clock = new FakeClock(Date.now());
  const config = readConfig({
    ...settings(data.path),
    COPPICE_PORT: "0",
    COPPICE_LOG_LEVEL: "silent",
  });
  await using server = await startServer(config, clock);
  const link = await server.signInLink();
  const browser = await Browser.open(link?.url ?? "");
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const definition = everyMinute("Fast", await targetOf(browser), images);
  const { id } = await browser.trpc.policies.create.mutate(definition);
  expect((await browser.trpc.protection.summary.query({ cluster: CLUSTER })).states.pending).toBe(2);

  await clock.pass(60_000);
  const first = await ended(browser, messages, id, 1, "backup");
  expect(first).toMatchObject({ job: "backup", cause: "schedule", state: "succeeded" });
  const outcomes = await browser.trpc.policies.outcomes.query({ runId: first.id });
  expect(
    outcomes.items.map(({ kind, image, state, backupKind }) => [kind, image, state, backupKind]),
  ).toEqual([
    ["backup", "vms/web-1", "succeeded", "full"],
    ["backup", "vms/web-2", "succeeded", "full"],
    ["prune", null, "succeeded", null],
  ]);
  const [point] = await pointsOf("web-1");
  expect(await digest(point ?? "")).toBe(await digest("vms/web-1"));

  await write("vms/web-1");
  await clock.pass(60_000);
  const second = await ended(browser, messages, id, 2, "backup");
  expect(second.state).toBe("succeeded");
  const kinds = (await browser.trpc.policies.outcomes.query({ runId: second.id })).items;
  expect(kinds[0]).toMatchObject({ image: "vms/web-1", backupKind: "incremental" });
  // The retention keeps one point, which is what the image holds now.
  const left = await pointsOf("web-1");
  expect(left).toHaveLength(1);
  expect(await digest(left[0] ?? "")).toBe(await digest("vms/web-1"));
  const summary = await browser.trpc.protection.summary.query({ cluster: CLUSTER });
  expect(summary.states).toMatchObject({ fresh: 2, late: 0 });

  await browser.trpc.policies.setPaused.mutate({ id, paused: true });
  for (const job of ["verify", "drill"] as const) {
    await browser.trpc.policies.run.mutate({ id, job });
    expect(await ended(browser, messages, id, 1, job)).toMatchObject({ job, state: "succeeded" });
  }
  const { rows } = await browser.trpc.policies.drills.query({ id });
  expect(rows).toMatchObject([{ ok: true, seconds: expect.any(Number), bytes: MIB * 1024 ** 2 }]);
  expect((await rbdJson<string[]>(conf, "ls", "vms")).toSorted()).toEqual(["web-1", "web-2"]);
  const [protection] = (await browser.trpc.protection.list.query({ cluster: CLUSTER, images })).rows;
  expect(protection).toMatchObject({ state: "fresh", verifyLate: false, lastVerifyAt: expect.any(String) });

  // The backups stop: both images are late when their objective has passed.
  await clock.pass(2 * 3_600_000);
  const late = await browser.trpc.protection.list.query({ cluster: CLUSTER, state: "late" });
  expect(late.rows.map(({ image }) => image)).toEqual(images);
}, 300_000);

test("a server that is killed in the middle of a run ends it after its start, with one backup of each image", async () => {
  await using dir = await temporaryDir();
  const images = Array.from({ length: 3 }, (_, index) => `vms/db-${index}`);
  for (const image of images) await makeImage(image);
  const id = await (async () => {
    await using server = new ServerProcess(settings(dir.path));
    const browser = await Browser.open((await server.ready()).url);
    const messages = browser.events();
    await until(messages, ({ kind }) => kind === "connected");
    const definition = everyMinute("Killed", await targetOf(browser), images);
    const policy = await browser.trpc.policies.create.mutate({
      ...definition,
      backup: { ...definition.backup, cron: "0 0 1 1 *" },
    });
    await browser.trpc.policies.run.mutate({ id: policy.id, job: "backup" });
    let done = 0;
    await until(messages, ({ event }) => {
      if (event?.type === "task" && event.task.kind === "backup" && event.task.state === "succeeded") done++;
      return done > 0 && event?.type === "task" && event.task.state === "running";
    });
    await server.kill("SIGKILL");
    await messages.return(undefined).catch(() => {}); // the stream was cut off
    return policy.id;
  })();
  await using server = new ServerProcess(settings(dir.path));
  const browser = await Browser.open((await server.ready()).url);
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const over = await ended(browser, messages, id, 1, "backup");
  expect(over).toMatchObject({ state: "succeeded", counts: { total: 3, succeeded: 3 } });
  expect((await browser.trpc.policies.runs.query({ id })).rows).toHaveLength(1);
  for (const image of images) {
    const points = await pointsOf(image.slice("vms/".length));
    expect(points).toHaveLength(1);
    expect(await digest(points[0] ?? "")).toBe(await digest(image));
  }
}, 300_000);
