import { beforeEach, expect, test } from "vitest";
import { ServerError } from "../../../src/base/errors.ts";
import { PolicyBench } from "../../support/policy-bench.ts";

let bench: PolicyBench;

beforeEach(async () => {
  bench = await PolicyBench.open();
  await bench.scheduler.start();
});

test("a run begins at its time, works on as many images at once as allowed, and ends with the last", async () => {
  const { id } = await bench.addPolicy();
  await bench.pass(13.9);
  expect(bench.all).toEqual([]);
  await bench.pass(0.1);
  expect(bench.waiting).toEqual(["rbd/a", "rbd/b"]);
  await bench.finish("rbd/b");
  expect(bench.waiting).toEqual(["rbd/a", "rbd/c"]);
  await bench.finish("rbd/a", "failed");
  await bench.finish("rbd/c");
  expect(await bench.runs(id)).toMatchObject([
    {
      job: "backup",
      cause: "schedule",
      dueAt: "2026-03-02T02:00:00.000Z",
      state: "failed",
      missed: 0,
      counts: { total: 3, succeeded: 2, failed: 1, skipped: 0 },
    },
  ]);
  expect(bench.world.told).toHaveLength(1);
  const [run] = await bench.runs(id);
  expect(await bench.store.items(run?.id ?? "")).toMatchObject([
    { image: "rbd/a", state: "failed", error: { message: "It broke." } },
    { image: "rbd/b", state: "succeeded", backupKind: "full", why: "the first", bytes: 4096 },
    { image: "rbd/c", state: "succeeded" },
  ]);
});

test("retention is applied when all images have ended", async () => {
  await bench.addPolicy({ retention: { daily: 7 }, parallel: 9 });
  await bench.pass(14);
  for (const image of ["rbd/a", "rbd/b"]) await bench.finish(image);
  expect(bench.waiting).toEqual(["rbd/c"]);
  await bench.finish("rbd/c", "failed");
  expect(bench.waiting).toEqual(["prune"]);
  await bench.finish("prune");
  expect(bench.world.told.map(({ run }) => run.state)).toEqual(["failed"]);
});

test("a run whose predecessor is still going on is refused, and this is recorded", async () => {
  const { id } = await bench.addPolicy();
  await bench.pass(14);
  await bench.pass(24);
  expect(bench.all).toEqual(["rbd/a", "rbd/b"]);
  expect(await bench.runs(id)).toMatchObject([
    { state: "running" },
    {
      state: "skipped",
      dueAt: "2026-03-03T02:00:00.000Z",
      reason: "The run of 2026-03-02T02:00:00.000Z was still going on.",
    },
  ]);
  await bench.finishAll();
  await bench.pass(24);
  expect((await bench.runs(id)).map(({ state }) => state)).toEqual(["succeeded", "skipped", "running"]);
});

test("what was missed while the server was down is caught up once", async () => {
  const { id } = await bench.addPolicy();
  await bench.scheduler.close();
  await bench.pass(24 * 4);
  const next = bench.restarted();
  await next.scheduler.start();
  await next.quiet();
  expect(await next.runs(id)).toMatchObject([
    { cause: "catch-up", dueAt: "2026-03-05T02:00:00.000Z", missed: 3, state: "running" },
  ]);
  await next.finishAll();
  await next.pass(14);
  expect((await next.runs(id)).map(({ cause, dueAt }) => [cause, dueAt])).toEqual([
    ["catch-up", "2026-03-05T02:00:00.000Z"],
    ["schedule", "2026-03-06T02:00:00.000Z"],
  ]);
});

test("a clock that jumps ahead and is set right again neither repeats a run nor stops the schedule", async () => {
  const { id } = await bench.addPolicy();
  await bench.pass(15);
  await bench.finishAll();
  const { clock } = bench.world;
  clock.jump(366 * 24 * 3_600_000);
  await bench.pass(0.02);
  await bench.finishAll();
  clock.jump(-366 * 24 * 3_600_000);
  await bench.pass(0.02);
  expect((await bench.runs(id)).map(({ dueAt }) => dueAt)).toEqual([
    "2026-03-02T02:00:00.000Z",
    "2027-03-03T02:00:00.000Z",
  ]);
  await bench.pass(24);
  expect((await bench.runs(id)).map(({ dueAt }) => dueAt)).toContain("2026-03-03T02:00:00.000Z");
});

test("a run waits for its jitter, and for a cluster that does not answer", async () => {
  const { id } = await bench.addPolicy({ jitterMinutes: 60 });
  bench.world.outage = new ServerError("CLUSTER_UNREACHABLE", "The cluster does not answer.");
  await bench.pass(14.01);
  const [waiting] = await bench.runs(id);
  expect(waiting?.state).toBe("waiting");
  const delay = Date.parse(waiting?.beginAt ?? "") - Date.parse(waiting?.dueAt ?? "");
  expect(delay).toBeGreaterThan(0);
  await bench.pass(1);
  expect(await bench.runs(id)).toMatchObject([{ state: "waiting", reason: "The cluster does not answer." }]);
  expect(bench.all).toEqual([]);
  bench.world.outage = null;
  await bench.pass(0.02);
  expect(await bench.runs(id)).toMatchObject([{ state: "running", reason: null }]);
});

test("two policies never work on the same image at the same time", async () => {
  await bench.addPolicy({ parallel: 9 });
  await bench.addPolicy({ name: "Also", parallel: 9 });
  await bench.pass(14);
  expect(bench.waiting.toSorted()).toEqual(["rbd/a", "rbd/b", "rbd/c"]);
  await bench.finish("rbd/b");
  expect(bench.waiting.toSorted()).toEqual(["rbd/a", "rbd/b", "rbd/c"]);
  expect(bench.all).toEqual(["rbd/a", "rbd/b", "rbd/b", "rbd/c"]);
});

test("a paused policy runs only when somebody asks for it, once at a time", async () => {
  const policy = await bench.addPolicy();
  await bench.store.save({ ...policy, paused: true });
  await bench.pass(24);
  expect(bench.all).toEqual([]);
  await bench.scheduler.runNow(policy, "backup", "ada");
  await bench.quiet();
  expect(bench.waiting).toEqual(["rbd/a", "rbd/b"]);
  await expect(bench.scheduler.runNow(policy, "backup", "ada")).rejects.toMatchObject({
    code: "RUN_IN_PROGRESS",
  });
  expect(await bench.runs(policy.id)).toMatchObject([{ cause: "manual", username: "ada" }]);
});

test("a run that somebody starts takes the place of none of the schedule", async () => {
  const policy = await bench.addPolicy();
  await bench.pass(13.99);
  await bench.scheduler.runNow(policy, "backup", "ada");
  await bench.quiet();
  await bench.finishAll();
  await bench.pass(0.02);
  expect((await bench.runs(policy.id)).map(({ cause }) => cause)).toEqual(["manual", "schedule"]);
});

test("an image without anything to check is skipped, and makes room for the next", async () => {
  bench.world.images = ["rbd/new", "rbd/b"];
  const verify = { cron: "0 3 * * *", depth: "quick" } as const;
  const { id } = await bench.addPolicy({
    backup: { cron: "0 0 1 1 *", mode: "auto", chainPoints: null },
    verify,
    parallel: 1,
  });
  await bench.pass(15);
  expect(bench.waiting).toEqual(["rbd/b"]);
  await bench.finishAll();
  expect(await bench.runs(id)).toMatchObject([{ state: "succeeded", counts: { total: 2, skipped: 1 } }]);
});

test("a policy that matches nothing fails, and says so", async () => {
  bench.world.images = [];
  const { id } = await bench.addPolicy();
  await bench.pass(14);
  expect(await bench.runs(id)).toMatchObject([{ state: "failed", reason: "No image matches the policy." }]);
});

test("a task that was cut off is begun again when it is known that nothing of it is left", async () => {
  bench.world.images = ["rbd/a"];
  const { id } = await bench.addPolicy();
  await bench.pass(14);
  const [entry] = bench.world.tasks.values();
  if (entry === undefined) throw new Error("no task");
  const next = bench.restarted();
  next.world.unsettled.add(entry.task.id);
  entry.task = { ...entry.task, state: "interrupted" };
  await next.scheduler.start();
  await next.quiet();
  expect(next.all).toEqual(["rbd/a"]); // it is being found out what became of it
  next.world.unsettled.clear();
  next.scheduler.taskChanged(entry.task);
  await next.quiet();
  expect(next.waiting).toEqual(["rbd/a"]);
  expect(next.all).toEqual(["rbd/a", "rbd/a"]);
  await next.finishAll();
  const [run] = await next.runs(id);
  expect(run?.state).toBe("succeeded");
  expect(await next.store.items(run?.id ?? "")).toMatchObject([{ attempt: 2, state: "succeeded" }]);
});

test("wherever the server dies, each image is backed up exactly once and the run is told of once", async () => {
  let died = 0;
  for (let changes = 0; ; changes++) {
    const first = await PolicyBench.open();
    await first.scheduler.start();
    const { id } = await first.addPolicy({ retention: { daily: 7 } });
    first.changesLeft = changes;
    await first.pass(14);
    await first.finishAll();
    const isWhole = first.changesLeft >= 0;
    const second = first.restarted();
    await second.scheduler.start();
    await second.pass(0.1);
    await second.finishAll();
    expect(second.all, `dead at change ${changes}`).toEqual(["prune", "rbd/a", "rbd/b", "rbd/c"]);
    expect(await second.runs(id)).toMatchObject([
      { dueAt: "2026-03-02T02:00:00.000Z", state: "succeeded", counts: { total: 3, succeeded: 3 } },
    ]);
    expect(second.world.told).toHaveLength(1);
    await second.scheduler.close();
    if (isWhole) break;
    died++;
  }
  expect(died).toBeGreaterThan(10);
});
