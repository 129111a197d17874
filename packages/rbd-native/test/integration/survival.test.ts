import { afterAll, beforeAll, expect, test } from "vitest";
import { runChild } from "./support/run-child.ts";
import { isSoak } from "./support/soak.ts";
import { openTestPool, type TestPool } from "./support/test-pool.ts";

let t: TestPool;
beforeAll(async () => {
  t = await openTestPool("survival");
});
afterAll(async () => {
  await t[Symbol.asyncDispose]();
});

const steps = [
  "start",
  "connecting",
  "connected",
  "pool",
  "opening",
  "opened",
  "writing",
  "reading",
  "read-one",
  "flattening",
  "flatten-progress",
  "flattened",
  "diff",
  "diff-batch",
  "closing",
  "closed",
  "shutting-down",
  "shut-down",
];

test.each(steps)("process.exit() at step %s neither crashes nor hangs", async (step) => {
  const end = await runChild("exit-at-step.ts", { args: [t.conf, t.pool, step], timeoutMs: 60_000 });
  expect(end).toMatchObject({ code: 7, signal: null, stderr: "" });
});

test("worker threads that are ended in the middle of their work", async () => {
  const end = await runChild("worker-ends.ts", {
    args: [t.conf, t.pool, isSoak ? "12" : "6"],
    timeoutMs: 150_000,
  });
  expect(end).toMatchObject({ code: 0, signal: null, stdout: "survived\n", stderr: "" });
});

test("dropped handles are closed when they are collected", async () => {
  const end = await runChild("drop-references.ts", { args: [t.conf, t.pool], execArgv: ["--expose-gc"] });
  expect(end).toMatchObject({ code: 0, signal: null, stderr: "" });
  expect(JSON.parse(end.stdout)).toEqual({ watchers: 0 });
});

test("many thousand operations leave memory as it was", { timeout: 400_000 }, async () => {
  // Each may leave about 250 bytes in a soak run, and 800 in a usual one: the heap itself moves by a dozen MiB.
  const count = isSoak ? 100_000 : 30_000;
  const growth = 24 * 2 ** 20;
  const end = await runChild("many-operations.ts", {
    args: [t.conf, t.pool, String(count)],
    execArgv: ["--expose-gc"],
    timeoutMs: 390_000,
  });
  expect(end).toMatchObject({ code: 0, signal: null, stderr: "" });
  expect(JSON.parse(end.stdout).grown).toBeLessThan(growth);
});
