import { z } from "zod";
import { type Database, openDatabase } from "../../src/db/database.ts";
import type { TaskResult, TaskSummary } from "../../src/tasks/task.ts";
import type { TaskHandler, TaskRun } from "../../src/tasks/task-kind.ts";
import { TaskRunner } from "../../src/tasks/task-runner.ts";
import { TaskStore } from "../../src/tasks/task-store.ts";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./silent-log.ts";

const input = z.object({ name: z.string() });
export type WorkInput = z.output<typeof input>;

/** The work of one task, in the hands of the test. */
export interface Work {
  run: TaskRun;
  finish(): void;
  fail(error: unknown): void;
}

const USER = { id: "u1", username: "ada" };

export function resultOf(name: string): TaskResult {
  return {
    kind: "clone",
    target: name,
    source: "rbd/source",
    snapshot: { name: "s", action: "create", reason: "because" },
    protected: false,
    cloneFormat: 2,
    depth: 1,
  };
}

/** A runner on a fresh database whose tasks do what the test says. */
export class TaskBench {
  readonly clock = new FakeClock();
  readonly pushed: TaskSummary[] = [];
  readonly works = new Map<string, Work>();
  readonly database: Database;
  readonly store: TaskStore;
  readonly runner: TaskRunner;
  readonly handler: TaskHandler<WorkInput>;
  ready = true;

  constructor(database: Database, concurrency = 2) {
    this.database = database;
    this.store = new TaskStore(database);
    this.runner = new TaskRunner({
      store: this.store,
      clock: this.clock,
      log: silentLog(),
      publish: (task) => this.pushed.push(task),
      ready: () => this.ready,
    });
    this.handler = {
      kind: "clone",
      input,
      concurrency,
      title: ({ name }) => `Work on ${name}`,
      object: ({ name }) => name,
      afterCrash: ({ name }) => ({ message: `${name} may be half there.`, hint: "Look.", object: name }),
      run: ({ name }, run) => {
        const { promise, resolve, reject } = Promise.withResolvers<TaskResult>();
        this.works.set(name, { run, finish: () => resolve(resultOf(name)), fail: reject });
        return promise;
      },
    };
    this.runner.register(this.handler);
  }

  static async open(concurrency?: number): Promise<TaskBench> {
    return new TaskBench(await openDatabase(":memory:"), concurrency);
  }

  /** A second server on the same database, as after a restart. */
  restarted(): TaskBench {
    return new TaskBench(this.database);
  }

  enqueue(name: string): Promise<string> {
    return this.runner.enqueue(this.handler, { name }, USER);
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
