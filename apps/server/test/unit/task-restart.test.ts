import { CoppiceError } from "rbd-core";
import { beforeEach, expect, test } from "vitest";
import { settle } from "../support/fake-clock.ts";
import { TaskBench } from "../support/task-bench.ts";

let bench: TaskBench;

beforeEach(async () => {
  bench = await TaskBench.open(1);
  await bench.runner.start();
});

test("after a crash a running task is interrupted, with an error that says what may exist in part", async () => {
  const running = await bench.enqueue("rbd/a");
  await settle();
  const next = bench.restarted();
  await next.runner.start();
  expect(await next.runner.get(running)).toMatchObject({
    state: "interrupted",
    error: { code: "INTERRUPTED", message: "rbd/a may be half there.", hint: "Look.", object: "rbd/a" },
    endedAt: "2026-03-01T12:00:00.000Z",
  });
});

test("after a crash waiting tasks run", async () => {
  await bench.enqueue("rbd/a");
  const waiting = await bench.enqueue("rbd/b");
  await settle();
  const next = bench.restarted();
  await next.runner.start();
  await settle();
  next.work("rbd/b").finish();
  await settle();
  expect((await next.runner.get(waiting)).state).toBe("succeeded");
});

test("waiting tasks wait for the cluster", async () => {
  bench.connected.clear();
  await bench.enqueue("rbd/a");
  await settle();
  expect(bench.works.size).toBe(0);
  bench.connected.add("ceph");
  bench.runner.wake();
  await settle();
  expect(bench.works.size).toBe(1);
});

test("a shutdown stops tasks, waits until they have undone their work, and keeps the queue", async () => {
  const running = await bench.enqueue("rbd/a");
  const waiting = await bench.enqueue("rbd/b");
  await settle();
  const closing = bench.runner.close(10_000);
  await settle();
  const { run, fail } = bench.work("rbd/a");
  expect(run.signal.aborted).toBe(true);
  fail(run.signal.reason);
  await closing;
  const task = await bench.runner.get(running);
  expect(task.state).toBe("interrupted");
  expect(task.error?.message).toMatch(/shut down .* was undone/);
  expect((await bench.runner.get(waiting)).state).toBe("queued");
  expect(bench.works.has("rbd/b")).toBe(false);
});

test("a task that does not stop in time is interrupted at the next start", async () => {
  const running = await bench.enqueue("rbd/a");
  await settle();
  const closing = bench.runner.close(10_000);
  await bench.clock.pass(10_000);
  await closing;
  const next = bench.restarted();
  await next.runner.start();
  expect((await next.runner.get(running)).state).toBe("interrupted");
});

test("no task is queued during a shutdown", async () => {
  await bench.runner.close(1000);
  await expect(bench.enqueue("rbd/a")).rejects.toMatchObject({ code: "SHUTTING_DOWN" });
});

test("the tasks of one cluster do not wait for another", async () => {
  const waiting = await bench.enqueue("rbd/a", "other");
  await bench.enqueue("rbd/b");
  await settle();
  expect([...bench.works.keys()]).toEqual(["rbd/b"]);
  expect((await bench.runner.get(waiting)).state).toBe("queued");
  expect((await bench.runner.list({ limit: 9, cluster: "other" })).rows.map(({ id }) => id)).toEqual([
    waiting,
  ]);
});

test("tasks of a kind that this version does not know keep nothing from starting", async () => {
  const ids: Record<string, string> = {};
  bench.connected.clear();
  for (const name of ["running", "queued", "succeeded"]) ids[name] = await bench.enqueue(`rbd/${name}`);
  for (const [state, id] of Object.entries(ids)) {
    const result = state === "succeeded" ? JSON.stringify({ kind: "newer", x: 1 }) : null;
    await bench.database
      .updateTable("task")
      .set({ kind: "newer", state, result })
      .where("id", "=", id)
      .execute();
  }
  const next = bench.restarted();
  await next.runner.start();
  const states = (await next.runner.list({ limit: 10 })).rows.map(({ title, state, result }) => [
    title,
    state,
    result,
  ]);
  expect(states.toSorted()).toEqual([
    ["Work on rbd/queued", "queued", undefined],
    ["Work on rbd/running", "interrupted", undefined],
    ["Work on rbd/succeeded", "succeeded", undefined],
  ]);
  expect((await next.runner.cancel(ids.queued ?? "")).state).toBe("canceled");
  const known = await next.enqueue("rbd/known");
  await settle();
  next.work("rbd/known").finish();
  await settle();
  expect((await next.runner.get(known)).state).toBe("succeeded");
});

/** A task that was cut off by the death of the server while this RADOS client worked on it. */
async function cutOff(name: string, client = "4a1"): Promise<{ id: string; next: TaskBench }> {
  const id = await bench.enqueue(name);
  await settle();
  await bench.work(name).run.worksAs(client);
  const next = bench.restarted();
  await next.runner.start();
  return { id, next };
}

test("a task that was cut off is unsettled until it is known what became of it", async () => {
  const { id, next } = await cutOff("rbd/a");
  next.outcomes.set("rbd/a", { outcome: "undone", what: "rbd/a was removed" });
  const [task] = await next.runner.unsettled("ceph");
  expect(task).toMatchObject({ id, purposes: ["make"], client: "4a1", object: { spec: "rbd/a" } });
  expect(await task?.examine()).toEqual({ outcome: "undone", what: "rbd/a was removed" });
  expect(await next.runner.unsettled("other")).toEqual([]);
  await next.runner.settle(id, { outcome: "undone", what: "rbd/a was removed" });
  const text = "This was interrupted, and what it had begun was undone: rbd/a was removed.";
  expect(await next.runner.get(id)).toMatchObject({
    state: "interrupted",
    error: { code: "INTERRUPTED", message: text, hint: "Nothing of it is left. Start it again." },
    log: [{ text }],
  });
  expect(next.states(id)).toEqual(["interrupted"]);
  expect(await next.runner.unsettled("ceph")).toEqual([]);
});

test("a task that was cut off after its last change has succeeded", async () => {
  const { id, next } = await cutOff("rbd/a");
  await next.runner.settle(id, { outcome: "finished", what: "rbd/a is whole" });
  const task = await next.runner.get(id);
  expect(task).toMatchObject({ state: "succeeded", log: [{ text: expect.stringContaining("is whole") }] });
  expect(task.error).toBeUndefined();
  expect(await next.runner.unsettled("ceph")).toEqual([]);
});

test("a task of which something half made is still there says why, once, and stays unsettled", async () => {
  const { id, next } = await cutOff("rbd/a");
  const left = { outcome: "unfinished", what: "rbd/a is incomplete, and somebody uses it" } as const;
  await next.runner.settle(id, left);
  await next.runner.settle(id, left);
  const { error, log, state } = await next.runner.get(id);
  expect([state, log.length]).toEqual(["interrupted", 1]);
  expect(error?.message).toContain("is incomplete, and somebody uses it");
  expect((await next.runner.unsettled("ceph")).length).toBe(1);
  await next.runner.settle(id, { outcome: "finished", what: "rbd/a is whole" });
  expect((await next.runner.get(id)).state).toBe("succeeded");
});

test("what was undone at a shutdown needs no search", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  const { run, fail } = bench.work("rbd/a");
  await run.worksAs("4a1");
  const closing = bench.runner.close(10_000);
  fail(run.signal.reason);
  await closing;
  expect((await bench.runner.get(id)).state).toBe("interrupted");
  expect(await bench.runner.unsettled("ceph")).toEqual([]);
});

test("a task that lost its connection is interrupted, and unsettled", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  const { run, fail } = bench.work("rbd/a");
  await run.worksAs("4a1");
  const [code, call, message] = ["BLOCKLISTED", "rbd_clone", "the cluster refuses this client"] as const;
  fail(new CoppiceError({ code, call, object: "rbd/a", message, hint: "Connect again." }));
  await settle();
  expect(await bench.runner.get(id)).toMatchObject({ state: "interrupted", error: { code: "BLOCKLISTED" } });
  expect((await bench.runner.unsettled("ceph")).map((task) => task.id)).toEqual([id]);
});
