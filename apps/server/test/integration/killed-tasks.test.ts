import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { promisify } from "node:util";
import { type DevCluster, startTemporaryCluster } from "@coppice/dev-cluster";
import { afterAll, beforeAll, expect, test } from "vitest";
import type { TaskSummary } from "../../src/router.ts";
import { Browser, CLUSTER, type Message, until } from "../support/browser.ts";
import { rados, rbd, rbdJson } from "../support/rbd.ts";
import { ServerProcess, temporaryDir } from "../support/server-process.ts";
import { isSoak } from "../support/soak.ts";

// Its own: a server reconciles whatever was interrupted on its cluster.
let ceph: DevCluster;
let conf: string;
beforeAll(async () => {
  ceph = await startTemporaryCluster({ prefix: "coppice-killed-tasks", mgr: false, osdSizeGiB: 4 });
  conf = ceph.conf;
}, 120_000);
afterAll(async () => {
  await ceph?.stop();
});

/** Every image has the same content: that of its source. */
const MIB = 4;

interface Round {
  namespace: string;
  sources: string[];
  targets: string[];
}

async function prepare(name: string, sources: number, targets: number): Promise<Round> {
  const namespace = `rbd/${name}`;
  await rbd(conf, "namespace", "create", namespace);
  const round: Round = { namespace, sources: [], targets: [] };
  for (let index = 0; index < sources; index++) {
    const source = `${namespace}/source-${index}`;
    await rbd(conf, "create", source, "--size", `${MIB}M`, "--object-size", "1M");
    await rbd(conf, "bench", source, "--io-type", "write", "--io-size", "64K", "--io-total", `${MIB}M`);
    round.sources.push(source);
  }
  for (let index = 0; index < targets; index++) round.targets.push(`${namespace}/clone-${index}`);
  return round;
}

const run = promisify(execFile);

async function digest(spec: string): Promise<string> {
  const args = ["-c", conf, "export", "--no-progress", spec, "-"];
  const { stdout } = await run("rbd", args, { encoding: "buffer", maxBuffer: 2 * MIB * 1024 ** 2 });
  return createHash("sha256").update(stdout).digest("hex");
}

const sourceOf = ({ sources }: Round, index: number) => sources[index % sources.length] ?? "";

/** Starts a clone to each target and kills the server as soon as `ended` of them have come to an end. */
async function killInFlight(data: string, round: Round, ended: number): Promise<void> {
  const parallel = String(round.targets.length);
  await using server = new ServerProcess({
    COPPICE_DATA: data,
    CEPH_CONF: conf,
    COPPICE_CLONE_TASKS: parallel,
  });
  const browser = await Browser.open((await server.ready()).url);
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const inputs = round.targets.map((target, index) => ({ source: sourceOf(round, index), target }));
  while (inputs.length > 0) {
    const batch = inputs.splice(0, 10);
    await Promise.all(batch.map((input) => browser.trpc.clone.start.mutate({ cluster: CLUSTER, ...input })));
  }
  const over = new Set<string>();
  if (ended > 0) {
    await until(messages, ({ event }) => {
      if (event?.type === "task" && event.task.state === "succeeded") over.add(event.task.id);
      return over.size >= ended;
    });
  }
  await server.kill("SIGKILL");
  await messages.return(undefined).catch(() => {}); // the stream was cut off
}

/** Whether it is known what became of a task: those that were cut off say it in the end. */
function isSettled({ state, error }: TaskSummary): boolean {
  if (state === "interrupted") return error?.message.includes("was undone:") === true;
  return state === "succeeded" || state === "failed" || state === "canceled";
}

/** The tasks on these targets, once it is known what became of all of them. */
async function settled(browser: Browser, messages: AsyncGenerator<Message>, { targets }: Round) {
  for (;;) {
    const { rows } = await browser.trpc.tasks.list.query({ limit: 200 });
    const own = rows.filter(({ object }) => targets.includes(object.spec));
    if (own.length === targets.length && own.every(isSettled)) return own;
    await until(messages, ({ event }) => event?.type === "task");
  }
}

async function clonesOf(source: string): Promise<Map<string, string[]>> {
  const snapshots = await rbdJson<{ name: string }[]>(conf, "snap", "ls", source);
  const clones = new Map<string, string[]>();
  for (const { name } of snapshots) {
    const children = await rbdJson<{ pool: string; pool_namespace: string; image: string }[]>(
      conf,
      "children",
      `${source}@${name}`,
    );
    clones.set(
      name,
      children.map(({ pool, pool_namespace, image }) => `${pool}/${pool_namespace}/${image}`),
    );
  }
  return clones;
}

/** Nothing stands in the namespace but the sources and these clones, and each clone is one. */
async function expectWhole(round: Round, made: readonly string[]): Promise<void> {
  const { namespace, sources } = round;
  const there = (await rbd(conf, "ls", namespace)).trim().split("\n").toSorted();
  expect(there.map((name) => `${namespace}/${name}`)).toEqual([...sources, ...made].toSorted());
  expect(await rbdJson<unknown[]>(conf, "trash", "ls", "--all", namespace)).toEqual([]);
  const place = ["-p", "rbd", "-N", namespace.slice("rbd/".length)];
  expect((await rados(conf, ...place, "listomapkeys", "coppice.operations")).filter(Boolean)).toEqual([]);
  for (const [index, source] of sources.entries()) {
    const clones = await clonesOf(source);
    expect([...clones.values()].filter((each) => each.length === 0)).toEqual([]); // no orphan snapshot
    const own = round.targets.filter((target, at) => at % sources.length === index && made.includes(target));
    expect([...clones.values()].flat().toSorted()).toEqual(own.toSorted());
    const content = await digest(source);
    for (const clone of own) expect(await digest(clone)).toBe(content);
  }
}

interface Counts {
  succeeded: number;
  undone: number;
}

async function killAndRestart(round: Round, ended: number): Promise<Counts> {
  await using data = await temporaryDir();
  await killInFlight(data.path, round, ended);
  await using server = new ServerProcess({ COPPICE_DATA: data.path, CEPH_CONF: conf });
  const browser = await Browser.open((await server.ready()).url);
  const messages = browser.events();
  await until(messages, ({ kind }) => kind === "connected");
  const tasks = await settled(browser, messages, round);
  const specsIn = (state: string) =>
    tasks.filter((task) => task.state === state).map(({ object }) => object.spec);
  const [made, undone] = [specsIn("succeeded"), specsIn("interrupted")];
  expect(made.length + undone.length).toBe(round.targets.length);
  const there = (await rbd(conf, "ls", round.namespace))
    .split("\n")
    .map((name) => `${round.namespace}/${name}`);
  const untrue = tasks.filter(({ state, object }) => state === "interrupted" && there.includes(object.spec));
  expect(untrue.map(({ error }) => error?.message)).toEqual([]);
  await expectWhole(round, made);
  // What was undone can be made by the same call.
  for (const target of undone) {
    const source = sourceOf(round, round.targets.indexOf(target));
    const { taskId } = await browser.trpc.clone.start.mutate({ cluster: CLUSTER, source, target });
    const isEnd = ({ event }: Message) =>
      event?.type === "task" && event.task.id === taskId && isSettled(event.task);
    expect((await until(messages, isEnd)).at(-1)?.event).toMatchObject({ task: { state: "succeeded" } });
  }
  await messages.return(undefined);
  await expectWhole(round, round.targets);
  expect((await server.kill("SIGTERM")).code).toBe(0);
  return { succeeded: made.length, undone: undone.length };
}

const rounds = isSoak
  ? Array.from({ length: 10 }, (_, index) => ({ tasks: 60, sources: 6, ended: 4 * index }))
  : [{ tasks: 10, sources: 2, ended: 1 }];

test.each(rounds)(
  "kill -9 with $tasks tasks in flight, of which $ended have ended: all end in a true state, nothing half made is left",
  {
    timeout: 600_000,
  },
  async ({ tasks, sources, ended }) => {
    const round = await prepare(`killed-${tasks}-${ended}`, sources, tasks);
    const counts = await killAndRestart(round, ended);
    if (isSoak) console.log(`${tasks} tasks, killed after ${ended}: ${JSON.stringify(counts)}`);
  },
);
