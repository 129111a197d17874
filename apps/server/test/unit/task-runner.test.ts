import { CoppiceError } from "rbd-core";
import { beforeEach, expect, test } from "vitest";
import { settle } from "../support/fake-clock.ts";
import { resultOf, TaskBench } from "../support/task-bench.ts";

let bench: TaskBench;

beforeEach(async () => {
  bench = await TaskBench.open();
  await bench.runner.start();
});

test("a task goes from queued over running to succeeded, with its result", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  bench.work("rbd/a").run.log("half way");
  bench.work("rbd/a").finish();
  await settle();
  expect(bench.states(id)).toEqual(["queued", "running", "succeeded"]);
  const task = await bench.runner.get(id);
  expect(task).toMatchObject({
    state: "succeeded",
    title: "Work on rbd/a",
    object: { kind: "image", cluster: "ceph", spec: "rbd/a", pool: "rbd", namespace: "", image: "a" },
    related: [],
    user: "ada",
    result: resultOf("rbd/a"),
  });
  expect(task.log).toEqual([{ at: "2026-03-01T12:00:00.000Z", text: "half way" }]);
  expect(task.endedAt).not.toBeNull();
});

test("the error of a failed task has a code, a message, a hint and an object", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  bench
    .work("rbd/a")
    .fail(
      new CoppiceError({ code: "EXISTS", message: "rbd/a is there already", hint: "Choose another name." }),
    );
  await settle();
  expect(await bench.runner.get(id)).toMatchObject({
    state: "failed",
    error: {
      code: "EXISTS",
      message: "rbd/a is there already.",
      hint: "Choose another name.",
      object: "rbd/a",
    },
  });
});

test("the text of an unexpected error is not shown", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  bench.work("rbd/a").fail(new Error("key AQBsecret==")); // a mistake in our own code, say
  await settle();
  const { error } = await bench.runner.get(id);
  expect(error?.code).toBe("INTERNAL");
  expect(JSON.stringify(error)).not.toContain("AQBsecret");
});

test("canceling is shown until the work has stopped", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  const { run, fail } = bench.work("rbd/a");
  expect((await bench.runner.cancel(id)).state).toBe("canceling");
  expect(run.signal.aborted).toBe(true);
  fail(run.signal.reason);
  await settle();
  expect(bench.states(id)).toEqual(["queued", "running", "canceling", "canceled"]);
  expect((await bench.runner.get(id)).error).toBeUndefined();
});

test("canceling twice is allowed, canceling a task that has ended is refused", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  await bench.runner.cancel(id);
  expect((await bench.runner.cancel(id)).state).toBe("canceling");
  bench.work("rbd/a").finish();
  await settle();
  expect((await bench.runner.get(id)).state).toBe("succeeded");
  await expect(bench.runner.cancel(id)).rejects.toMatchObject({ code: "TASK_ENDED" });
});

test("a canceled task that cannot undo what it made has failed", async () => {
  const id = await bench.enqueue("rbd/a");
  await settle();
  await bench.runner.cancel(id);
  bench
    .work("rbd/a")
    .fail(new CoppiceError({ code: "UNDO_FAILED", message: "it could not be undone", left: ["rbd/s@x"] }));
  await settle();
  const task = await bench.runner.get(id);
  expect(task.state).toBe("failed");
  expect(task.error?.message).toContain("Still there: rbd/s@x");
});

test("as many tasks run at once as their kind allows, the rest wait in order", async () => {
  const ids: string[] = [];
  for (const name of ["rbd/a", "rbd/b", "rbd/c", "rbd/d"]) {
    ids.push(await bench.enqueue(name));
    await bench.clock.pass(1);
  }
  expect([...bench.works.keys()]).toEqual(["rbd/a", "rbd/b"]);
  bench.work("rbd/b").finish();
  await settle();
  expect([...bench.works.keys()]).toEqual(["rbd/a", "rbd/b", "rbd/c"]);
  const page = await bench.runner.list({ limit: 10 });
  expect(page.rows.map(({ id, state }) => [ids.indexOf(id), state])).toEqual([
    [3, "queued"],
    [2, "running"],
    [1, "succeeded"],
    [0, "running"],
  ]);
});

test("a waiting task that is canceled never begins", async () => {
  for (const name of ["rbd/a", "rbd/b"]) await bench.enqueue(name);
  const id = await bench.enqueue("rbd/c");
  expect((await bench.runner.cancel(id)).state).toBe("canceled");
  bench.work("rbd/a").finish();
  await settle();
  expect(bench.works.has("rbd/c")).toBe(false);
});

test("a failed task is tried again as a new task with the same input, one that succeeded or runs is not", async () => {
  const ben = { id: "u2", username: "ben" };
  const id = await bench.enqueue("rbd/a");
  await settle();
  await expect(bench.runner.retry(id, ben)).rejects.toMatchObject({ code: "TASK_NOT_ENDED" });
  bench.work("rbd/a").fail(new Error("once"));
  await settle();
  const again = await bench.runner.retry(id, ben);
  await settle();
  bench.work("rbd/a").finish();
  await settle();
  expect(again).not.toBe(id);
  expect(await bench.runner.get(again)).toMatchObject({
    state: "succeeded",
    title: "Work on rbd/a",
    user: "ben",
    result: resultOf("rbd/a"),
  });
  expect((await bench.runner.get(id)).state).toBe("failed");
  await expect(bench.runner.retry(again, ben)).rejects.toMatchObject({ code: "TASK_ENDED" });
});

test("an unknown task is reported as TASK_UNKNOWN", async () => {
  const id = "6e8f0a51-8a73-4f0f-a6f9-0d6f29c0b0aa";
  await expect(bench.runner.get(id)).rejects.toMatchObject({ code: "TASK_UNKNOWN", object: id });
  await expect(bench.runner.cancel(id)).rejects.toMatchObject({ code: "TASK_UNKNOWN" });
});

test("pages of tasks go from new to old without gaps or repeats", async () => {
  const ids: string[] = [];
  for (let index = 0; index < 25; index++) {
    ids.unshift(await bench.enqueue(`rbd/t${index}`));
    if (index % 3 === 0) await bench.clock.pass(1000); // several share a moment
  }
  const seen: string[] = [];
  let cursor: string | undefined;
  do {
    const page = await bench.runner.list({ limit: 7, ...(cursor === undefined ? {} : { cursor }) });
    seen.push(...page.rows.map(({ id }) => id));
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  expect(seen.toSorted()).toEqual(ids.toSorted());
  await expect(bench.runner.list({ limit: 7, cursor: "rubbish" })).rejects.toMatchObject({
    code: "STALE_CURSOR",
  });
});
