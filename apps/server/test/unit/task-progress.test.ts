import { beforeEach, expect, test, vi } from "vitest";
import { settle } from "../support/fake-clock.ts";
import { TaskBench, type Work } from "../support/task-bench.ts";

let bench: TaskBench;
let id: string;
let work: Work;

beforeEach(async () => {
  bench = await TaskBench.open();
  await bench.runner.start();
  id = await bench.enqueue("rbd/a");
  await settle();
  work = bench.work("rbd/a");
  work.run.phase("Copying", "bytes");
  await settle();
  bench.pushed.length = 0;
});

test("however often progress is reported, tabs get it five times a second, and the last of it", async () => {
  for (let step = 1; step <= 1000; step++) {
    work.run.progress(step, 1000);
    await bench.clock.pass(1);
  }
  await bench.clock.pass(200);
  expect(bench.pushed.length).toBeLessThanOrEqual(6);
  expect(bench.pushed.at(-1)).toMatchObject({ done: 1000, total: 1000, unit: "bytes", phase: "Copying" });
});

test("progress is saved every two seconds", async () => {
  const save = vi.spyOn(bench.store, "save");
  for (let step = 1; step <= 100; step++) {
    work.run.progress(step, 100);
    await bench.clock.pass(100);
  }
  expect(save.mock.calls.length).toBeLessThanOrEqual(5);
  expect(save.mock.calls.length).toBeGreaterThanOrEqual(4);
});

test("a request gets the newest progress, not the saved one", async () => {
  work.run.progress(7, 10);
  expect(await bench.runner.get(id)).toMatchObject({ done: 7, total: 10 });
  expect((await bench.runner.list({ limit: 1 })).rows[0]).toMatchObject({ done: 7 });
});

test("a rate is measured while the task runs, and is null when it has ended", async () => {
  await bench.clock.pass(1000);
  work.run.progress(4096, 8192);
  expect((await bench.runner.get(id)).rate).toBe(4096);
  work.finish();
  await settle();
  expect((await bench.runner.get(id)).rate).toBeNull();
});

test("a new phase counts from zero", async () => {
  work.run.progress(9, 10);
  work.run.phase("Verifying");
  expect(await bench.runner.get(id)).toMatchObject({ phase: "Verifying", done: 0, total: null, rate: null });
});

test("no timer outlives the task", async () => {
  work.run.progress(1, 2);
  work.finish();
  await settle();
  await bench.clock.pass(1000);
  expect(bench.clock.pending).toBe(0);
  expect(bench.pushed.at(-1)?.state).toBe("succeeded");
});
