import { randomUUID } from "node:crypto";
import type { FastifyBaseLogger } from "fastify";
import { CoppiceError } from "rbd-core";
import { type Clock, isoTime } from "../base/clock.ts";
import { ServerError, toUserError, visible } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { DEAD } from "../cluster/cluster-connection.ts";
import type { Database } from "../db/database.ts";
import { RunningTask } from "./running-task.ts";
import {
  nextState,
  type TaskError,
  type TaskEvent,
  type TaskListInput,
  type TaskLogLine,
  type TaskObject,
  type TaskState,
  type TaskSummary,
} from "./task.ts";
import { type RunnableKind, type TaskKind, type TaskOutcome, unknownAftermath } from "./task-kind.ts";
import { type StoredTask, TaskStore } from "./task-store.ts";

interface TaskRunnerOptions {
  store: TaskStore;
  clock: Clock;
  log: FastifyBaseLogger;
  /** Called with every change that tabs show. */
  publish(task: TaskSummary): void;
  /** Whether work on this cluster can begin; until then its tasks wait. Call `wake` when that changes. */
  ready(cluster: string): boolean;
  /** Every kind of task that may be queued, or be found in the store. */
  kinds: readonly RunnableKind[];
}

/** How long running tasks may take at shutdown to undo what is half made. */
const SHUTDOWN_MS = 20_000;

/** The runner on the database, not started yet. It is closed at shutdown. */
export function createRunner(
  { clock, log, opened }: Host,
  { database, ...options }: Omit<TaskRunnerOptions, "store" | "clock" | "log"> & { database: Database },
): TaskRunner {
  const runner = new TaskRunner({ ...options, store: new TaskStore(database), clock, log });
  opened.defer(() => runner.close(SHUTDOWN_MS));
  return runner;
}

/** Runs tasks: oldest first, and as many of a kind at once as the kind allows. */
export class TaskRunner {
  readonly #options: TaskRunnerOptions;
  readonly #kinds: ReadonlyMap<string, RunnableKind>;
  readonly #running = new Map<string, { task: RunningTask; ended: Promise<void> }>();
  /** Oldest first. */
  #queue: StoredTask[] = [];
  #open = false;

  constructor(options: TaskRunnerOptions) {
    this.#options = options;
    this.#kinds = new Map(options.kinds.map((kind) => [kind.kind, kind]));
  }

  /** Marks tasks that ran when the server died as interrupted, and starts those that were waiting. */
  async start(): Promise<void> {
    const { store, clock } = this.#options;
    for (const { summary, input } of await store.inStates(["running", "canceling"])) {
      const { message, hint, object } = this.#kinds.get(summary.kind)?.afterCrash(input) ?? unknownAftermath;
      await store.save({
        ...summary,
        state: after(summary.state, "lost"),
        endedAt: isoTime(clock.now()),
        error: { code: "INTERRUPTED", message, hint, object },
      });
    }
    this.#queue = await store.inStates(["queued"]);
    for (const { summary } of this.#queue.filter((waiting) => !this.#kinds.has(waiting.summary.kind))) {
      const { id: task, kind } = summary;
      this.#options.log.warn({ task, kind }, "a task of another version waits: this version cannot run it");
    }
    this.#open = true;
    this.wake();
  }

  /** Starts every waiting task that can start. */
  wake(): void {
    if (!this.#open) return;
    for (const waiting of [...this.#queue]) {
      const { kind: name, object } = waiting.summary;
      if (!this.#options.ready(object.cluster)) continue;
      const kind = this.#kinds.get(name);
      if (kind === undefined) continue;
      const busy = [...this.#running.values()].filter(({ task }) => task.summary.kind === name);
      if (busy.length >= kind.concurrency) continue;
      this.#queue = this.#queue.filter((other) => other !== waiting);
      this.#begin(waiting, kind);
    }
  }

  /**
   * Queues a task. Resolves when it is stored: from then on it outlives the server.
   *
   * @param id For a caller that has stored the task's id before.
   * @throws {ServerError} `SHUTTING_DOWN`
   */
  async enqueue<Input>(
    kind: Pick<TaskKind<Input, { kind: string }, never>, "kind" | "title" | "object" | "related">,
    input: Input,
    user: { id: string; username: string },
    id: string = randomUUID(),
  ): Promise<string> {
    const named = {
      kind: kind.kind,
      title: visible(kind.title(input)),
      object: kind.object(input),
      related: kind.related(input),
    };
    return await this.#queueTask(named, input, user, id);
  }

  /**
   * Queues a task that did not succeed again, with the same input, as a new task.
   *
   * @throws {ServerError} `TASK_UNKNOWN`; `TASK_NOT_ENDED`; `TASK_ENDED` when it succeeded, or this version cannot run its kind
   */
  async retry(id: string, user: { id: string; username: string }): Promise<string> {
    const { kind, title, object, related, state } = await this.get(id);
    const stored = await this.#options.store.find(id);
    if (nextState(state, "cancel") !== null) {
      throw new ServerError("TASK_NOT_ENDED", `This task has not ended: it is ${state}.`, {
        hint: "Wait until it has, or cancel it.",
        object: id,
      });
    }
    if (stored === null || state === "succeeded" || !this.#kinds.has(kind)) {
      throw new ServerError("TASK_ENDED", `This task cannot be tried again: it is ${state}.`, { object: id });
    }
    return await this.#queueTask({ kind, title, object, related }, stored.input, user);
  }

  async #queueTask(
    named: Pick<TaskSummary, "kind" | "title" | "object" | "related">,
    input: unknown,
    user: { id: string; username: string },
    id: string = randomUUID(),
  ): Promise<string> {
    if (!this.#open)
      throw new ServerError("SHUTTING_DOWN", "The server is shutting down.", {
        hint: "Try again in a moment.",
      });
    const summary: TaskSummary = {
      id,
      ...named,
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
    this.#queue.push({ summary, input, client: null });
    this.#options.publish(summary);
    this.wake();
    return summary.id;
  }

  /** The tasks of a cluster that were cut off and of which it is not known yet what became of them, oldest first. */
  async unsettled(cluster: string): Promise<UnsettledTask[]> {
    return (await this.#options.store.unsettled(cluster)).flatMap(
      ({ summary: { id, kind, object }, input, client }) => {
        const recorded = this.#kinds.get(kind)?.recorded;
        if (recorded === undefined || recorded === null || client === null) return [];
        const examine = () => recorded.examine(input, client);
        return [{ id, object, purposes: recorded.purposes, client, examine }];
      },
    );
  }

  /** Says what became of a task that was cut off: its last word, unless something half made is still there. */
  async settle(id: string, { outcome, what }: TaskOutcome): Promise<void> {
    const { store, clock, publish } = this.#options;
    const found = await store.find(id);
    if (found === null || found.summary.state !== "interrupted") return;
    const { error, ...rest } = found.summary;
    const summary: TaskSummary =
      outcome === "finished"
        ? { ...rest, state: after(rest.state, "completed") }
        : {
            ...rest,
            error: { code: "INTERRUPTED", object: rest.object.spec, ...outcomeInWords(outcome, what) },
          };
    if (summary.error !== undefined && summary.error.message === error?.message) return;
    const text = `${SETTLED[outcome]} ${what}.`;
    await store.addLog(id, (await store.log(id)).length, { at: isoTime(clock.now()), text });
    await store.save(summary);
    if (outcome !== "unfinished") await store.setClient(id, null);
    publish(this.#readable(summary));
  }

  /** Tasks, newest first. @throws {ServerError} `STALE_CURSOR` for a text that is not a cursor of this list */
  async list(input: TaskListInput): Promise<{ rows: TaskSummary[]; nextCursor: string | null }> {
    const page = await this.#options.store.page(input);
    return {
      ...page,
      rows: page.rows.map((row) => this.#running.get(row.id)?.task.summary ?? this.#readable(row)),
    };
  }

  /** One task with its log. @throws {ServerError} `TASK_UNKNOWN` */
  async get(id: string): Promise<TaskSummary & { log: TaskLogLine[] }> {
    const running = this.#running.get(id)?.task;
    await running?.saved();
    const stored = await this.#options.store.find(id);
    if (stored === null)
      throw new ServerError("TASK_UNKNOWN", "There is no task with this id.", { object: id });
    return {
      ...(running?.summary ?? this.#readable(stored.summary)),
      log: await this.#options.store.log(id),
    };
  }

  /**
   * Asks a task to stop.
   *
   * @throws {ServerError} `TASK_UNKNOWN`, or `TASK_ENDED` when there is nothing left to cancel
   */
  async cancel(id: string): Promise<TaskSummary & { log: TaskLogLine[] }> {
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
    throw new ServerError("TASK_ENDED", `This task cannot be canceled: it is ${task.state}.`, {
      object: id,
    });
  }

  /**
   * Starts no more tasks, stops the running ones and waits at most `deadlineMs` until they have undone what was half
   * made. Those that still run then are marked as interrupted at the next start. Waiting tasks stay in the queue.
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
      this.#options.log.warn({ task: summary.id }, "a task did not stop in time");
    }
  }

  #begin({ summary, input }: StoredTask, kind: RunnableKind): void {
    const { store, clock, publish, log } = this.#options;
    const task = new RunningTask({
      summary,
      store,
      clock,
      push: publish,
      onWriteError: (error) => log.error({ err: error, task: summary.id }, "a task could not be saved"),
    });
    const ended = this.#run(task, input, kind).finally(() => {
      this.#running.delete(summary.id);
      this.wake();
    });
    this.#running.set(summary.id, { task, ended });
  }

  async #run(task: RunningTask, input: unknown, kind: RunnableKind): Promise<void> {
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
      end("succeed", { result: await kind.run(input, task) });
    } catch (error) {
      const { event, ...outcome } = taskEnding(error, task, kind);
      if (event !== "aborted" && task.signal.reason !== SHUTDOWN) {
        log.warn({ err: error, task: task.summary.id }, "a task failed");
      }
      // What it had made is undone.
      if (task.signal.reason === SHUTDOWN && event === "lost") await task.worksAs(null);
      end(event, outcome);
    }
    await task.saved();
  }

  /** Without the result when another version of the server made it: only known results can be sent. */
  #readable({ result, ...summary }: TaskSummary): TaskSummary {
    return result === undefined || !this.#kinds.has(summary.kind) ? summary : { ...summary, result };
  }
}

/** A task that was cut off, and how it is found out what became of it. */
export interface UnsettledTask {
  id: string;
  object: TaskObject;
  /** Of its operation on `object`. */
  purposes: readonly string[];
  /** The RADOS client that worked on it. */
  client: string;
  /** By what stands on the cluster, when no record of its operation is left. */
  examine(): Promise<TaskOutcome>;
}

/** How the line of the log begins that tells the outcome. */
const SETTLED: Record<TaskOutcome["outcome"], string> = {
  finished: "This was interrupted, and what it made is whole:",
  undone: "This was interrupted, and what it had begun was undone:",
  unfinished: "This was interrupted, and something half made is still there:",
};

function outcomeInWords(outcome: "undone" | "unfinished", what: string): Pick<TaskError, "message" | "hint"> {
  const message = `${SETTLED[outcome]} ${what}.`;
  return outcome === "undone"
    ? { message, hint: "Nothing of it is left. Start it again." }
    : { message, hint: "The server tries to finish or undo it every few minutes." };
}

function after(state: TaskState, event: TaskEvent): TaskState {
  const next = nextState(state, event);
  if (next === null) throw new Error(`A task that is ${state} cannot ${event}`);
  return next;
}

/** How a task ended without a result. */
interface TaskEnding {
  event: Extract<TaskEvent, "aborted" | "lost" | "fail">;
  error?: TaskError;
}

/**
 * Distinguishes a requested stop from a failure. A task that was told to stop and then failed for another reason, for
 * example because it could not undo its work, has failed: calling it canceled would hide what is left.
 */
function taskEnding(error: unknown, { signal, summary }: RunningTask, kind: RunnableKind): TaskEnding {
  const object = summary.object.spec;
  if (signal.aborted && isStop(error, signal)) {
    if (signal.reason !== SHUTDOWN) return { event: "aborted" };
    return {
      event: "lost",
      error: {
        code: "INTERRUPTED",
        message: "The server was shut down while this was running. What it had made until then was undone.",
        hint: "Start it again.",
        object,
      },
    };
  }
  const { code, message, hint, object: where } = toUserError(error);
  if (kind.recorded !== null && CUT_OFF.has(code)) {
    return { event: "lost", error: { code, message, hint: IN_DOUBT, object: where ?? object } };
  }
  return { event: "fail", error: { code, message, hint, object: where ?? object } };
}

/** Codes after which the work could not undo what it had begun. */
const CUT_OFF: ReadonlySet<string> = new Set([...DEAD, "LEASE_LOST"]);

const IN_DOUBT = "What it had begun is finished or undone by itself, and then this task says so.";

function isStop(error: unknown, signal: AbortSignal): boolean {
  if (error === signal.reason) return true;
  if (error instanceof CoppiceError) return error.code === "CANCELED";
  return error instanceof Error && error.name === "AbortError";
}

/** The reason with which a canceled task is aborted. */
const CANCEL: DOMException = new DOMException("The task was canceled", "AbortError");

/** The reason with which tasks are aborted when the server shuts down. */
const SHUTDOWN: DOMException = new DOMException("The server is shutting down", "AbortError");
