import type { Cluster } from "rbd-core";
import { expect, test } from "vitest";
import { Reconciler } from "../../src/operations/reconciler.ts";
import { imageObject } from "../../src/tasks/task.ts";
import type { TaskOutcome } from "../../src/tasks/task-kind.ts";
import type { UnsettledTask } from "../../src/tasks/task-runner.ts";
import { FakeClock, settle } from "../support/fake-clock.ts";
import { silentLog } from "../support/silent-log.ts";

const MINUTE = 60_000;

/** A reconciler on a cluster without pools, whose monitors answer as long as `fail` is false. */
function start(unsettled: UnsettledTask[] = []) {
  const clock = new FakeClock();
  const state = { passes: 0, fail: false };
  const settled: [string, TaskOutcome][] = [];
  const cluster = {
    listPools: async () => {
      state.passes += 1;
      if (state.fail) throw new Error("no answer");
      return [];
    },
  } as unknown as Cluster;
  const reconciler = new Reconciler({
    cluster: "ceph",
    clock,
    log: silentLog(),
    tasks: {
      unsettled: async () => unsettled,
      settle: async (id, outcome) => void settled.push([id, outcome]),
    },
    backupTargetAt: async () => undefined,
    onChanged: () => {},
  });
  return { clock, state, settled, cluster, reconciler };
}

test("operations are reconciled at each connection, and every five minutes from then on", async () => {
  const { clock, state, cluster, reconciler } = start();
  await reconciler.begin(cluster);
  expect(state.passes).toBe(1);
  await clock.pass(5 * MINUTE - 1);
  expect(state.passes).toBe(1);
  await clock.pass(1);
  expect(state.passes).toBe(2);
  await reconciler.begin(cluster);
  expect([state.passes, clock.pending]).toEqual([3, 1]);
  await reconciler.close();
});

test("after a failure the next pass comes sooner, with doubling pauses up to the regular one", async () => {
  const { clock, state, cluster, reconciler } = start();
  state.fail = true;
  await reconciler.begin(cluster);
  for (const [index, pause] of [0.5, 1, 2, 4, 5, 5].entries()) {
    await clock.pass(pause * MINUTE - 1);
    expect(state.passes).toBe(index + 1);
    await clock.pass(1);
    expect(state.passes).toBe(index + 2);
  }
  state.fail = false;
  await clock.pass(5 * MINUTE);
  state.fail = true;
  await clock.pass(5 * MINUTE);
  const before = state.passes;
  await clock.pass(MINUTE / 2);
  expect(state.passes).toBe(before + 1);
  await reconciler.close();
});

test("after closing nothing is reconciled", async () => {
  const { clock, state, cluster, reconciler } = start();
  await reconciler.begin(cluster);
  await reconciler.close();
  await clock.pass(60 * MINUTE);
  await reconciler.begin(cluster);
  expect([state.passes, clock.pending]).toEqual([1, 0]);
});

test("a task without a record is settled by what stands on the cluster; one that cannot be examined waits", async () => {
  const task = (id: string, examine: () => Promise<TaskOutcome>): UnsettledTask => ({
    id,
    object: imageObject("ceph", `rbd/${id}`),
    purposes: ["make"],
    client: "4a1",
    examine,
  });
  const whole = { outcome: "finished", what: "rbd/b is whole" } as const;
  const unknown = task("a", async () => {
    throw new Error("no answer");
  });
  const { settled, cluster, reconciler } = start([unknown, task("b", async () => whole)]);
  await reconciler.begin(cluster);
  await settle();
  expect(settled).toEqual([["b", whole]]);
  await reconciler.close();
});
