import { z } from "zod";
import { type Database, migrations, openDatabase } from "../../src/db/database.ts";
import { imageObject, type TaskSummary } from "../../src/tasks/task.ts";
import { runnableKind, type TaskKind, type TaskOutcome, type TaskRun } from "../../src/tasks/task-kind.ts";
import { TaskRunner } from "../../src/tasks/task-runner.ts";
import { TaskStore } from "../../src/tasks/task-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./silent-log.ts";

const input = z.object({ cluster: z.string(), name: z.string() });
export type WorkInput = z.output<typeof input>;

/** The work of one task, in the hands of the test. */
export interface Work {
  run: TaskRun;
  finish(): void;
  fail(error: unknown): void;
}

const USER = { id: "u1", username: "ada" };
const CLUSTER = "ceph";

const result = z.object({ kind: z.literal("work"), name: z.string() });
export type WorkResult = z.output<typeof result>;

export function resultOf(name: string): WorkResult {
  return { kind: "work", name };
}

/** A runner on a fresh database whose tasks do what the test says. */
export class TaskBench {
  readonly clock = new FakeClock();
  readonly pushed: TaskSummary[] = [];
  readonly works = new Map<string, Work>();
  readonly database: Database;
  readonly store: TaskStore;
  readonly runner: TaskRunner;
  readonly kind: TaskKind<WorkInput, WorkResult, null>;
  /** What stands on the cluster, by the name of the work. */
  readonly outcomes = new Map<string, TaskOutcome>();
  /** The clusters that are connected. */
  readonly connected = new Set([CLUSTER]);

  constructor(database: Database, concurrency = 2) {
    this.database = database;
    this.store = new TaskStore(database);
    this.kind = {
      kind: "work",
      input,
      result,
      concurrency: () => concurrency,
      title: ({ name }) => `Work on ${name}`,
      object: ({ cluster, name }) => imageObject(cluster, name),
      related: () => [],
      afterCrash: ({ name }) => ({ message: `${name} may be half there.`, hint: "Look.", object: name }),
      recorded: {
        purpose: "make",
        examine: async ({ name }) => {
          const outcome = this.outcomes.get(name);
          if (outcome === undefined) throw new Error(`nobody knows about ${name}`);
          return outcome;
        },
      },
      run: ({ name }, run) => {
        const { promise, resolve, reject } = Promise.withResolvers<WorkResult>();
        this.works.set(name, { run, finish: () => resolve(resultOf(name)), fail: reject });
        return promise;
      },
    };
    this.runner = new TaskRunner({
      store: this.store,
      clock: this.clock,
      log: silentLog(),
      kinds: [runnableKind(this.kind, null)],
      publish: (task) => this.pushed.push(task),
      ready: (cluster) => this.connected.has(cluster),
    });
  }

  static async open(concurrency?: number): Promise<TaskBench> {
    return new TaskBench(await openDatabase(":memory:", migrations(CLUSTER)), concurrency);
  }

  /** A second server on the same database, as after a restart. */
  restarted(): TaskBench {
    return new TaskBench(this.database);
  }

  enqueue(name: string, cluster = CLUSTER): Promise<string> {
    return this.runner.enqueue(this.kind, { cluster, name }, USER);
  }

  work(name: string): Work {
    const work = this.works.get(name);
    if (work === undefined) throw new Error(`${name} has not begun`);
    return work;
  }

  /** What tabs were told of a task: its states without repeats. */
  states(id: string): string[] {
    const states = this.pushed.filter((task) => task.id === id).map(({ state }) => state);
    return states.filter((state, index) => state !== states[index - 1]);
  }
}
