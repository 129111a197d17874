import { RateMeter } from "rbd-core";
import { type Clock, isoTime, type Timer } from "../base/clock.ts";
import type { TaskSummary, TaskUnit } from "./task.ts";
import type { TaskRun } from "./task-kind.ts";
import type { TaskStore } from "./task-store.ts";

/** Tabs are told of the progress of a task at most five times a second. */
const PUSH_MS = 200;
/** Progress is saved at most this often; a change of phase or state at once. */
const SAVE_MS = 2000;

interface RunningTaskOptions {
  summary: TaskSummary;
  store: TaskStore;
  clock: Clock;
  push(task: TaskSummary): void;
  onWriteError(error: unknown): void;
}

/** A task while it runs. Collects its progress, sends it to tabs often, and saves it to the database less often. */
export class RunningTask implements TaskRun {
  readonly #options: RunningTaskOptions;
  readonly #abort = new AbortController();
  #summary: TaskSummary;
  #meter: RateMeter;
  #logLines = 0;
  #pushTimer: Timer | null = null;
  #pushedAt = Number.NEGATIVE_INFINITY;
  #savedAt: number;
  #writes: Promise<void> = Promise.resolve();

  constructor(options: RunningTaskOptions) {
    this.#options = options;
    this.#summary = options.summary;
    this.#savedAt = options.clock.now();
    this.#meter = new RateMeter(() => options.clock.now());
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  get summary(): TaskSummary {
    return this.#summary;
  }

  abort(reason: unknown): void {
    this.#abort.abort(reason);
  }

  async worksAs(client: string | null): Promise<void> {
    await this.#writes;
    await this.#options.store.setClient(this.#summary.id, client);
  }

  phase(name: string, unit: TaskUnit = "steps"): void {
    this.#meter = new RateMeter(() => this.#options.clock.now());
    this.change({ phase: name, unit, done: 0, total: null, rate: null });
  }

  progress(done: number, total?: number | null): void {
    const now = this.#options.clock.now();
    this.#summary = {
      ...this.#summary,
      done,
      total: total === undefined ? this.#summary.total : total,
      rate: this.#meter.update(done),
    };
    if (now - this.#savedAt >= SAVE_MS) this.#save();
    this.#pushSoon();
  }

  log(text: string): void {
    const line = { at: isoTime(this.#options.clock.now()), text };
    const seq = this.#logLines;
    this.#logLines += 1;
    this.#write(() => this.#options.store.addLog(this.#summary.id, seq, line));
  }

  /** Changes the task, saves it and tells every tab at once. */
  change(changes: Partial<TaskSummary>): void {
    this.#summary = { ...this.#summary, ...changes };
    this.#save();
    this.#push();
  }

  /** Resolves when everything up to now is in the database. */
  async saved(): Promise<void> {
    await this.#writes;
  }

  #save(): void {
    this.#savedAt = this.#options.clock.now();
    const { summary } = this;
    this.#write(() => this.#options.store.save(summary));
  }

  #write(write: () => Promise<void>): void {
    this.#writes = this.#writes.then(write).catch((error: unknown) => this.#options.onWriteError(error));
  }

  #pushSoon(): void {
    if (this.#pushTimer !== null) return;
    const wait = this.#pushedAt + PUSH_MS - this.#options.clock.now();
    if (wait <= 0) this.#push();
    else this.#pushTimer = this.#options.clock.after(wait, () => this.#push());
  }

  #push(): void {
    this.#pushTimer?.cancel();
    this.#pushTimer = null;
    this.#pushedAt = this.#options.clock.now();
    this.#options.push(this.#summary);
  }
}
