import { randomUUID } from "node:crypto";
import type { FastifyBaseLogger } from "fastify";
import { type Clock, isoTime, type Timer } from "../base/clock.ts";
import { ServerError, toUserError } from "../base/errors.ts";
import type { Database } from "../db/database.ts";
import { isFinal, type TaskSummary } from "../tasks/task.ts";
import { dueTime, jitterOf, nextTimes } from "./due-times.ts";
import { cronOf, JOBS, type Job, type Policy } from "./policy.ts";
import type { PolicyStore } from "./policy-store.ts";
import {
  type ItemResult,
  type ItemWork,
  itemsToBegin,
  type PolicyRun,
  type RunImages,
  type RunItem,
  runOutcome,
} from "./run.ts";

/** The schedules are looked at this often at least: a clock that jumps, or a machine that sleeps, delays a run no longer. */
const LONGEST_PAUSE_MS = 60_000;
/** A run that begins so much after its time was missed. */
const CATCH_UP_MS = 5 * 60_000;
/** How often a run goes on with an image whose task was cut off by the end of the server. */
const MOST_ATTEMPTS = 3;

interface SchedulerOptions {
  store: PolicyStore;
  clock: Clock;
  log: FastifyBaseLogger;
  /** The images of a run, by what is on the cluster now. @throws while the cluster does not answer */
  imagesOf(policy: Policy, job: Job): Promise<RunImages>;
  /** What the task of an item does, or why there is nothing to do. */
  workOf(policy: Policy, run: PolicyRun, item: RunItem): Promise<ItemWork | { skip: string }>;
  /** Queues the task under this id. */
  enqueue(work: ItemWork, taskId: string): Promise<void>;
  /** A task as it is; null when there is none with this id. */
  findTask(taskId: string): Promise<TaskSummary | null>;
  /** Whether it is still being found out what became of a task that was cut off. */
  isUnsettled(task: TaskSummary): Promise<boolean>;
  resultOf(task: TaskSummary): ItemResult;
  /** Decides what people are told of a run that ends. What it returns writes that, in the transaction that ends the run. */
  tell(
    policy: Policy,
    run: PolicyRun,
    items: readonly RunItem[],
  ): Promise<(transaction: Database) => Promise<void>>;
  /** Called after a run has ended. */
  ended(policy: Policy): void;
  /** Called after each change that dashboards show. */
  changed(policyId: string): void;
}

/**
 * Makes runs of policies when they are due, and queues their tasks. Whatever is decided is written first: a due time becomes a
 * row that can exist once, and a task's id is stored before the task is queued. A server that dies at any moment therefore
 * runs nothing twice and forgets nothing; the next one goes on with what is written.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  #timer: Timer | null = null;
  #work: Promise<void> = Promise.resolve();
  #open = false;
  #again = false;

  constructor(options: SchedulerOptions) {
    this.#options = options;
  }

  /** Finds out what became of the tasks that were queued before, and begins. The runner of tasks runs already. */
  async start(): Promise<void> {
    this.#open = true;
    await this.#serially(() => this.#recover());
    this.wake();
  }

  /** Begins nothing more. Tasks go on; the next start learns how they ended. */
  async close(): Promise<void> {
    this.#open = false;
    this.#timer?.cancel();
    await this.#work;
  }

  /** Looks at once at what is to be done. */
  wake(): void {
    if (!this.#open || this.#again) return;
    this.#again = true;
    void this.#serially(async () => {
      this.#again = false;
      if (this.#open) await this.#tick();
    });
  }

  /** Resolves when everything that was begun up to now is done, except the tasks. */
  async idle(): Promise<void> {
    let work: Promise<void>;
    do {
      work = this.#work;
      await work;
    } while (work !== this.#work);
  }

  /** To be called with every change of a task. */
  taskChanged(task: TaskSummary): void {
    if (!this.#open || !isFinal(task.state)) return;
    void this.#serially(async () => {
      const item = await this.#options.store.itemOfTask(task.id);
      if (item !== null && item.state === "queued") await this.#taskEnded(item, task);
    });
    this.wake();
  }

  /**
   * Begins a job now, whatever its schedule says. Also for a policy that is paused.
   *
   * @throws {ServerError} `RUN_IN_PROGRESS`
   */
  async runNow(policy: Policy, job: Job, username: string): Promise<PolicyRun> {
    const now = isoTime(this.#options.clock.now());
    const run = newRun(policy.id, job, { cause: "manual", dueAt: now, beginAt: now, missed: 0, username });
    await this.#serially(async () => {
      const { store } = this.#options;
      const open = (await store.openRuns()).find(
        (other) => other.policyId === policy.id && other.job === job,
      );
      if (open !== undefined || !(await store.addRun(run))) {
        throw new ServerError("RUN_IN_PROGRESS", `${policy.definition.name} is running already.`, {
          hint: "Wait until that run has ended.",
          object: policy.definition.name,
        });
      }
      this.#options.changed(policy.id);
    });
    this.wake();
    return run;
  }

  /** One after the other: what is decided rests on what was decided before. */
  #serially(step: () => Promise<void>): Promise<void> {
    const done = this.#work.then(step);
    this.#work = done.catch(() => {});
    return done.catch((error: unknown) => {
      if (error instanceof ServerError && error.code === "RUN_IN_PROGRESS") throw error;
      this.#options.log.error({ err: error }, "the schedules could not be carried on; trying again");
    });
  }

  async #tick(): Promise<void> {
    const { store, clock } = this.#options;
    this.#timer?.cancel();
    // Set before the work: should it fail, it is tried again.
    this.#timer = clock.after(LONGEST_PAUSE_MS, () => this.wake());
    const policies = new Map((await store.policies()).map((policy) => [policy.id, policy]));
    for (const policy of policies.values()) {
      for (const job of JOBS) await this.#recordDue(policy, job);
    }
    const busy = new Set((await store.queuedItems()).map((item) => item.image ?? ""));
    const working = new Set<string>();
    for (const run of await store.openRuns()) {
      const policy = policies.get(run.policyId);
      if (policy === undefined || working.has(policy.id)) continue;
      working.add(policy.id);
      // A longer pause than the jitter: the clock was set back since.
      const pause = Date.parse(run.beginAt) - clock.now();
      if (run.state === "waiting" && pause > 0 && pause <= policy.definition.jitterMinutes * 60_000) continue;
      await this.#advance(policy, run, busy);
    }
    await this.#sleep(policies);
  }

  async #sleep(policies: ReadonlyMap<string, Policy>): Promise<void> {
    const { store, clock } = this.#options;
    const now = clock.now();
    const times = (await store.openRuns()).map(({ beginAt }) => Date.parse(beginAt)).filter((at) => at > now);
    for (const { definition, paused } of policies.values()) {
      for (const job of JOBS) {
        const cron = cronOf(definition, job);
        if (cron !== null && !paused)
          times.push(...nextTimes({ cron, timeZone: definition.timeZone }, now, 1));
      }
    }
    const pause = Math.min(LONGEST_PAUSE_MS, ...times.map((at) => at - now));
    if (!this.#open) return;
    this.#timer?.cancel();
    this.#timer = clock.after(Math.max(pause, 1), () => this.wake());
  }

  /** Writes a run for what is due. From then on it is never decided again. */
  async #recordDue({ id, definition, paused, since }: Policy, job: Job): Promise<void> {
    const { store, clock, log, changed } = this.#options;
    const cron = cronOf(definition, job);
    if (cron === null || paused) return;
    const now = clock.now();
    const schedule = { cron, timeZone: definition.timeZone };
    // The clock was set back to before the policy: it counts from now on.
    const counts = Math.min(since[job], now);
    const due = dueTime({ schedule, since: counts, lastDue: await store.lastDue(id, job, now), now });
    if (due === null) return;
    const dueAt = isoTime(due.at);
    const begin = due.at + jitterOf(`${id}/${job}/${dueAt}`, definition.jitterMinutes);
    const cause = due.missed > 0 || now - due.at > CATCH_UP_MS ? "catch-up" : "schedule";
    const { missed } = due;
    const run = newRun(id, job, { cause, dueAt, beginAt: isoTime(begin), missed, username: null });
    const before = (await store.openRuns()).find((open) => open.policyId === id && open.job === job);
    if (before !== undefined) {
      run.state = "skipped";
      run.endedAt = isoTime(now);
      run.reason = `The run of ${before.dueAt} was still going on.`;
    }
    if (!(await store.addRun(run))) return;
    log.info({ policy: definition.name, job, due: dueAt, cause, state: run.state }, "a schedule is due");
    changed(id);
  }

  /** Begins a run, queues what it can do now, or ends it. */
  async #advance(policy: Policy, run: PolicyRun, busy: Set<string>): Promise<void> {
    const begun = run.state === "waiting" ? await this.#begin(policy, run) : run;
    if (begun === null) return;
    const { store } = this.#options;
    const { parallel } = policy.definition;
    let progress = await store.progress(run.id);
    while (progress.waiting > 0 || progress.pruning === "waiting") {
      const waiting = await store.waitingItems(run.id, parallel + busy.size);
      const next = itemsToBegin(waiting, progress, parallel, busy);
      if (next.length === 0) break;
      for (const item of next) await this.#beginItem(policy, begun, item, busy);
      // Those without anything to do made room for others.
      progress = await store.progress(run.id);
    }
    if (progress.queued + progress.waiting > 0 || progress.pruning !== null) return;
    const items = await store.items(run.id);
    await this.#end(policy, { ...begun, ...runOutcome(items, begun.reason) }, items);
  }

  async #begin(policy: Policy, run: PolicyRun): Promise<PolicyRun | null> {
    const { store, clock, log, changed } = this.#options;
    let found: RunImages;
    try {
      found = await this.#options.imagesOf(policy, run.job);
    } catch (error) {
      const { message } = toUserError(error);
      if (run.reason !== message) {
        log.warn({ err: error, policy: policy.definition.name }, "a run waits: the images cannot be read");
        await store.setReason(run.id, message);
        changed(policy.id);
      }
      return null;
    }
    const begun: PolicyRun = {
      ...run,
      state: "running",
      startedAt: isoTime(clock.now()),
      reason: found.problem,
    };
    const items: RunItem[] = found.images.map((image, seq) => newItem(run.id, seq, run.job, image));
    if (run.job === "backup" && policy.definition.retention !== null && items.length > 0) {
      items.push(newItem(run.id, items.length, "prune", null));
    }
    await store.beginRun(begun, items);
    changed(policy.id);
    return begun;
  }

  async #beginItem(policy: Policy, run: PolicyRun, item: RunItem, busy: Set<string>): Promise<void> {
    const { store, clock, workOf } = this.#options;
    const end = (changes: Partial<RunItem>) =>
      store.saveItem({ ...item, ...changes, endedAt: isoTime(clock.now()) });
    let work: ItemWork | { skip: string };
    try {
      work = await workOf(policy, run, item);
    } catch (error) {
      const { code, message, hint, object } = toUserError(error);
      await end({ state: "failed", error: { code, message, hint, object: object ?? item.image } });
      return;
    }
    if ("skip" in work) {
      await end({ state: "skipped", why: work.skip });
      return;
    }
    const taskId = randomUUID();
    await store.saveItem({ ...item, state: "queued", taskId });
    if (item.image !== null) busy.add(item.image);
    try {
      await this.#options.enqueue(work, taskId);
    } catch (error) {
      if ((await this.#options.findTask(taskId)) === null) await store.saveItem(item);
      throw error;
    }
  }

  async #end(policy: Policy, ended: PolicyRun, items: readonly RunItem[]): Promise<void> {
    const { store, clock, log, tell, changed } = this.#options;
    const run = { ...ended, endedAt: isoTime(clock.now()) };
    await store.endRun(run, await tell(policy, run, items));
    const { name } = policy.definition;
    log.info({ policy: name, job: run.job, due: run.dueAt, state: run.state }, "a run has ended");
    changed(policy.id);
    this.#options.ended(policy);
  }

  /** Notes how the task of an item ended. One that was cut off is begun again, once it is known that nothing of it is left. */
  async #taskEnded(item: RunItem, task: TaskSummary): Promise<void> {
    const { store, isUnsettled, resultOf, changed } = this.#options;
    const endedAt = task.endedAt ?? isoTime(this.#options.clock.now());
    const error = task.error ?? null;
    if (task.state === "succeeded") {
      await store.saveItem({ ...item, seconds: secondsOf(task), ...resultOf(task), endedAt });
    } else if (task.state === "interrupted") {
      if (await isUnsettled(task)) return;
      const isLast = item.attempt >= MOST_ATTEMPTS;
      await store.saveItem(
        isLast
          ? { ...item, state: "failed", error, endedAt }
          : { ...item, state: "waiting", taskId: null, attempt: item.attempt + 1 },
      );
    } else {
      const state = task.state === "canceled" ? "canceled" : "failed";
      await store.saveItem({ ...item, state, error, seconds: secondsOf(task), endedAt });
    }
    const run = await store.run(item.runId);
    if (run !== null) changed(run.policyId);
  }

  /** After a start: every item for which a task was decided has one, and those that ended meanwhile are noted. */
  async #recover(): Promise<void> {
    const { store, findTask } = this.#options;
    for (const item of await store.queuedItems()) {
      const task = item.taskId === null ? null : await findTask(item.taskId);
      // The server died between the two: nothing was queued, so it is decided again.
      if (task === null) await store.saveItem({ ...item, state: "waiting", taskId: null });
      else if (isFinal(task.state)) await this.#taskEnded(item, task);
    }
  }
}

function newRun(
  policyId: string,
  job: Job,
  given: Pick<PolicyRun, "cause" | "dueAt" | "beginAt" | "missed" | "username">,
): PolicyRun {
  return {
    id: randomUUID(),
    policyId,
    job,
    ...given,
    startedAt: null,
    endedAt: null,
    state: "waiting",
    reason: null,
  };
}

function newItem(runId: string, seq: number, kind: RunItem["kind"], image: string | null): RunItem {
  return {
    runId,
    seq,
    kind,
    image,
    state: "waiting",
    taskId: null,
    attempt: 1,
    backupId: null,
    backupKind: null,
    why: null,
    bytes: null,
    seconds: null,
    endedAt: null,
    error: null,
  };
}

function secondsOf({ startedAt, endedAt }: TaskSummary): number | null {
  return startedAt === null || endedAt === null ? null : (Date.parse(endedAt) - Date.parse(startedAt)) / 1000;
}
