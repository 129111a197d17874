import { randomUUID } from "node:crypto";
import type { FastifyBaseLogger } from "fastify";
import type { Clock } from "../clock/clock.ts";
import { isoTime } from "../clock/iso.ts";
import { ServerError } from "../errors/server-error.ts";
import type { TaskListInput, TaskListPage } from "../procedures/tasks/list.schema.ts";
import { CANCEL, SHUTDOWN } from "./abort-reasons.ts";
import { type BoundHandler, bindHandler } from "./bound-handler.ts";
import { RunningTask } from "./running-task.ts";
import { taskEnding } from "./task-ending.ts";
import type { TaskHandler } from "./task-handler.ts";
import type { TaskService } from "./task-service.ts";
import { nextState, type TaskEvent } from "./task-state.ts";
import type { StoredTask, TaskStore } from "./task-store.ts";
import type { Task, TaskState, TaskSummary } from "./task-view.ts";

export interface TaskRunnerOptions {
  store: TaskStore;
  clock: Clock;
  log: FastifyBaseLogger;
  /** Called with every change worth showing. */
  publish(task: TaskSummary): void;
  /** Whether work can begin at all; until then tasks wait. Call `wake` when that changes. */
  ready(): boolean;
}

/** Runs tasks: oldest first, so many of a kind at once as its handler allows. */
export class TaskRunner implements TaskService {
  readonly #options: TaskRunnerOptions;
  readonly #handlers = new Map<string, BoundHandler>();
  readonly #running = new Map<string, { task: RunningTask; ended: Promise<void> }>();
  /** Oldest first. */
  #queue: StoredTask[] = [];
  #open = false;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
  }

  /** Teaches the runner a kind of task. All are known before `start`. */
  register<Input>(handler: TaskHandler<Input>): void {
    this.#handlers.set(handler.kind, bindHandler(handler));
  }

  /** Marks what a dead server left running as interrupted, and goes on with what was waiting. */
  async start(): Promise<void> {
    const { store, clock } = this.#options;
    for (const { summary, input } of await store.inStates(["running", "canceling"])) {
      const { message, hint, object } = this.#handler(summary.kind).afterCrash(input);
      await store.save({
        ...summary,
        state: after(summary.state, "lost"),
        endedAt: isoTime(clock.now()),
        error: { code: "INTERRUPTED", message, hint, object },
      });
    }
    this.#queue = await store.inStates(["queued"]);
    this.#open = true;
    this.wake();
  }

  /** Begins what can begin. */
  wake(): void {
    if (!this.#open || !this.#options.ready()) return;
    for (const waiting of [...this.#queue]) {
      const { kind } = waiting.summary;
      const handler = this.#handler(kind);
      const busy = [...this.#running.values()].filter(({ task }) => task.summary.kind === kind);
      if (busy.length >= handler.concurrency) continue;
      this.#queue = this.#queue.filter((other) => other !== waiting);
      this.#begin(waiting, handler);
    }
  }

  /** Queues a task. Resolves when it is stored: from then on it outlives the server. Throws `SHUTTING_DOWN`. */
  async enqueue<Input>(
    handler: TaskHandler<Input>,
    input: Input,
    user: { id: string; username: string },
  ): Promise<string> {
    if (!this.#open)
      throw new ServerError("SHUTTING_DOWN", "The server is shutting down.", {
        hint: "Try again in a moment.",
      });
    const summary: TaskSummary = {
      id: randomUUID(),
      kind: handler.kind,
      title: handler.title(input),
      state: "queued",
      phase: null,
      done: 0,
      total: null,
      unit: "steps",
      rate: null,
      createdAt: isoTime(this.#options.clock.now()),
      startedAt: null,
      endedAt: null,
      user: user.username,
    };
    await this.#options.store.insert(summary, input, user.id);
    this.#queue.push({ summary, input });
    this.#options.publish(summary);
    this.wake();
    return summary.id;
  }

  async list(input: TaskListInput): Promise<TaskListPage> {
    const page = await this.#options.store.page(input);
    return { ...page, rows: page.rows.map((row) => this.#running.get(row.id)?.task.summary ?? row) };
  }

  async get(id: string): Promise<Task> {
    const running = this.#running.get(id)?.task;
    await running?.saved();
    const stored = await this.#options.store.find(id);
    if (stored === null) throw new ServerError("TASK_UNKNOWN", "There is no such task.", { object: id });
    return { ...(running?.summary ?? stored.summary), log: await this.#options.store.log(id) };
  }

  async cancel(id: string): Promise<Task> {
    const running = this.#running.get(id)?.task;
    if (running !== undefined) {
      running.change({ state: after(running.summary.state, "cancel") });
      running.abort(CANCEL);
      return this.get(id);
    }
    const waiting = this.#queue.find(({ summary }) => summary.id === id);
    if (waiting !== undefined) {
      this.#queue = this.#queue.filter((other) => other !== waiting);
      const summary: TaskSummary = {
        ...waiting.summary,
        state: after(waiting.summary.state, "cancel"),
        endedAt: isoTime(this.#options.clock.now()),
      };
      await this.#options.store.save(summary);
      this.#options.publish(summary);
      return this.get(id);
    }
    const task = await this.get(id);
    throw new ServerError("TASK_ENDED", `There is nothing to cancel: this task is ${task.state}.`, {
      object: id,
    });
  }

  /**
   * Starts nothing more, stops what runs and waits until it has undone what was half made, at most `deadlineMs`.
   * What is not done by then is found as interrupted at the next start. Waiting tasks stay in the queue.
   */
  async close(deadlineMs: number): Promise<void> {
    this.#open = false;
    const all = [...this.#running.values()];
    for (const { task } of all) task.abort(SHUTDOWN);
    const deadline = Promise.withResolvers<void>();
    const timer = this.#options.clock.after(deadlineMs, deadline.resolve);
    await Promise.race([Promise.all(all.map(({ ended }) => ended)), deadline.promise]);
    timer.cancel();
    for (const { summary } of [...this.#running.values()].map(({ task }) => task)) {
      this.#options.log.warn({ task: summary.id }, "task did not stop in time");
    }
  }

  #begin({ summary, input }: StoredTask, handler: BoundHandler): void {
    const { store, clock, publish, log } = this.#options;
    const task = new RunningTask({
      summary,
      store,
      clock,
      push: publish,
      onWriteError: (error) =>
        log.error({ err: error, task: summary.id }, "a task could not be written down"),
    });
    const ended = this.#run(task, input, handler).finally(() => {
      this.#running.delete(summary.id);
      this.wake();
    });
    this.#running.set(summary.id, { task, ended });
  }

  async #run(task: RunningTask, input: unknown, handler: BoundHandler): Promise<void> {
    const { clock, log } = this.#options;
    task.change({ state: after(task.summary.state, "start"), startedAt: isoTime(clock.now()) });
    const end = (event: TaskEvent, outcome: Pick<TaskSummary, "result" | "error">) =>
      task.change({
        ...outcome,
        state: after(task.summary.state, event),
        rate: null,
        endedAt: isoTime(clock.now()),
      });
    try {
      end("succeed", { result: await handler.run(input, task) });
    } catch (error) {
      const { event, ...outcome } = taskEnding(error, task.signal, handler.object(input));
      if (event === "fail") log.warn({ err: error, task: task.summary.id }, "task failed");
      end(event, outcome);
    }
    await task.saved();
  }

  #handler(kind: string): BoundHandler {
    const handler = this.#handlers.get(kind);
    if (handler === undefined) throw new Error(`No handler is registered for tasks of the kind "${kind}"`);
    return handler;
  }
}

function after(state: TaskState, event: TaskEvent): TaskState {
  const next = nextState(state, event);
  if (next === null) throw new Error(`A task that is ${state} cannot ${event}`);
  return next;
}
