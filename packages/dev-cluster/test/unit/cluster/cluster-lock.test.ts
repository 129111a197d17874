import { spawn } from "node:child_process";
import { once } from "node:events";
import { expect, test } from "vitest";
import { acquireClusterLock } from "../../../src/cluster/cluster-lock.ts";

const lockModule = new URL("../../../src/cluster/cluster-lock.ts", import.meta.url).href;

/** A process that holds the lock until it is killed. */
async function holder(dir: string) {
  const script =
    `const { acquireClusterLock } = await import(${JSON.stringify(lockModule)});` +
    `globalThis.lock = await acquireClusterLock(${JSON.stringify(dir)}, { activity: "testing", waitMs: 1000 });` +
    `process.stdin.resume(); console.log("held");`;
  const child = spawn(process.execPath, ["--input-type=module", "-e", script], {
    stdio: ["pipe", "pipe", "inherit"],
  });
  await once(child.stdout, "data");
  return child;
}

/** A name that no other run of these tests uses at the same time. */
const dirOf = (name: string) => `/tests/${process.pid}/${name}`;

test("lets one holder in at a time, also within a process", async () => {
  const order: string[] = [];
  const first = await acquireClusterLock(dirOf("one"), { activity: "first", waitMs: 5000 });
  const second = acquireClusterLock(dirOf("one"), {
    activity: "second",
    waitMs: 5000,
    onWait: (who) => {
      order.push(`waits for ${who}`);
      void first.release();
    },
  });
  await using _held = await second;
  expect(order).toEqual([`waits for process ${process.pid} (first)`]);
});

test("does not lock other folders", async () => {
  await using _a = await acquireClusterLock(dirOf("a"), { activity: "x", waitMs: 100 });
  await using _b = await acquireClusterLock(dirOf("b"), { activity: "x", waitMs: 100 });
});

test("says who holds it when the wait is over", async () => {
  const child = await holder(dirOf("held"));
  await expect(acquireClusterLock(dirOf("held"), { activity: "x", waitMs: 300 })).rejects.toMatchObject({
    code: "LOCKED",
    message: expect.stringContaining(`process ${child.pid} (testing)`),
  });
  child.kill("SIGKILL");
  await once(child, "exit");
});

test("is free as soon as its holder is killed", async () => {
  const child = await holder(dirOf("killed"));
  await using _lock = await acquireClusterLock(dirOf("killed"), {
    activity: "x",
    waitMs: 10_000,
    onWait: () => child.kill("SIGKILL"),
  });
  expect(child.killed).toBe(true);
});

test("waiting processes get it one after the other", async () => {
  let inside = 0;
  let most = 0;
  await Promise.all(
    Array.from({ length: 20 }, async () => {
      await using _lock = await acquireClusterLock(dirOf("many"), { activity: "x", waitMs: 10_000 });
      most = Math.max(most, ++inside);
      await new Promise(setImmediate);
      inside--;
    }),
  );
  expect(most).toBe(1);
});

test("stops waiting when aborted", async () => {
  await using _lock = await acquireClusterLock(dirOf("abort"), { activity: "x", waitMs: 100 });
  const controller = new AbortController();
  const reason = new Error("enough");
  const waiting = acquireClusterLock(dirOf("abort"), {
    activity: "y",
    waitMs: 10_000,
    signal: controller.signal,
    onWait: () => controller.abort(reason),
  });
  await expect(waiting).rejects.toBe(reason);
});
