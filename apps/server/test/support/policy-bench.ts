import { randomUUID } from "node:crypto";
import { isoTime } from "../../src/base/clock.ts";
import { type Database, migrations, openDatabase } from "../../src/db/database.ts";
import type { Policy, PolicyDefinition } from "../../src/schedules/policy.ts";
import { PolicyStore } from "../../src/schedules/policy-store.ts";
import type { ItemWork, PolicyRun } from "../../src/schedules/run.ts";
import { Scheduler } from "../../src/schedules/scheduler.ts";
import { imageObject, type TaskState, type TaskSummary } from "../../src/tasks/task.ts";
import { FakeClock, settle } from "./fake-clock.ts";
import { silentLog } from "./silent-log.ts";

/** What stands still when a server dies: the database, the tasks, and the images on the cluster. */
interface World {
  clock: FakeClock;
  database: Database;
  tasks: Map<string, { task: TaskSummary; work: ItemWork }>;
  images: string[];
  /** Why the images cannot be read. */
  outage: Error | null;
  told: { policy: string; run: PolicyRun }[];
  /** Tasks of which it is not known yet what became of them. */
  unsettled: Set<string>;
}

/** A fault: thrown at a change, and at everything after it, as if the process had died there. */
export class PowerCut extends Error {}

/** A scheduler on a database in memory, with tasks that end when the test says so. */
export class PolicyBench {
  readonly world: World;
  readonly scheduler: Scheduler;
  readonly store: PolicyStore;
  /** Counts the changes; the one that makes it negative is not made any more, nor any after it. */
  changesLeft = Number.POSITIVE_INFINITY;

  private constructor(world: World) {
    this.world = world;
    this.store = this.#mortal(new PolicyStore(world.database));
    const tasks = world.tasks;
    this.scheduler = new Scheduler({
      store: this.store,
      clock: world.clock,
      log: silentLog(),
      imagesOf: async () => {
        if (world.outage !== null) throw world.outage;
        return { images: world.images, problem: null };
      },
      workOf: async (policy, run, { kind, image }) => {
        const { cluster, target } = policy.definition;
        if (image === "rbd/new" && run.job === "verify") return { skip: "There is no backup yet." };
        return kind === "prune"
          ? {
              kind,
              target,
              cluster,
              policy: { id: policy.id, name: "x" },
              sources: [],
              retention: { keepLast: 1 },
            }
          : { kind: "backup", cluster, image: image ?? "", target, mode: "auto", chainPoints: null };
      },
      enqueue: async (work, id) => {
        this.#spend();
        if (tasks.has(id)) throw new Error("this task exists");
        tasks.set(id, { task: taskOf(id, work, world.clock), work });
      },
      findTask: async (id) => tasks.get(id)?.task ?? null,
      isUnsettled: async ({ id }) => world.unsettled.has(id),
      resultOf: () => ({ state: "succeeded", backupKind: "full", why: "the first", bytes: 4096 }),
      tell: async (policy, run) => async () => void world.told.push({ policy: policy.definition.name, run }),
      ended: () => {},
      changed: () => {},
    });
  }

  static async open(start = "2026-03-01T12:00:00Z"): Promise<PolicyBench> {
    return new PolicyBench({
      clock: new FakeClock(Date.parse(start)),
      database: await openDatabase(":memory:", migrations("ceph")),
      tasks: new Map(),
      images: ["rbd/a", "rbd/b", "rbd/c"],
      outage: null,
      told: [],
      unsettled: new Set(),
    });
  }

  /** What the next server finds after this one has died. */
  restarted(): PolicyBench {
    this.changesLeft = 0;
    return new PolicyBench(this.world);
  }

  async addPolicy(changes: Partial<PolicyDefinition> = {}): Promise<Policy> {
    const now = this.world.clock.now();
    const policy: Policy = {
      id: randomUUID(),
      paused: false,
      createdAt: now,
      updatedAt: now,
      since: { backup: now, verify: now, drill: now },
      definition: {
        name: "Nightly",
        cluster: "ceph",
        select: { images: [], patterns: ["rbd/*"], pools: [], exclude: [] },
        target: "backups",
        timeZone: "UTC",
        backup: { cron: "0 2 * * *", mode: "auto", chainPoints: null },
        verify: null,
        drill: null,
        retention: null,
        backupWithinHours: 26,
        verifyWithinDays: null,
        jitterMinutes: 0,
        parallel: 2,
        ...changes,
      },
    };
    await this.store.insert(policy);
    this.scheduler.wake();
    await this.quiet();
    return policy;
  }

  /** Lets time pass, and everything that it sets off. All but the last minute pass at once, as for a machine that sleeps. */
  async pass(hours: number): Promise<void> {
    const { clock } = this.world;
    const ms = hours * 3_600_000;
    if (ms > 60_000) clock.jump(ms - 60_000);
    await clock.pass(Math.min(ms, 60_000));
    await this.quiet();
  }

  async quiet(): Promise<void> {
    await settle();
    await this.scheduler.idle();
    await settle();
  }

  /** The tasks that were queued and have not ended, by the image, or by the kind where there is none. */
  get waiting(): string[] {
    return [...this.world.tasks.values()]
      .filter(({ task }) => task.state === "queued")
      .map(({ work }) => nameOf(work));
  }

  /** All tasks there ever were. */
  get all(): string[] {
    return [...this.world.tasks.values()].map(({ work }) => nameOf(work)).toSorted();
  }

  async finish(name: string, state: TaskState = "succeeded"): Promise<void> {
    const entry = [...this.world.tasks.values()].find(
      ({ task, work }) => task.state === "queued" && nameOf(work) === name,
    );
    if (entry === undefined) throw new Error(`there is no task on ${name}`);
    const endedAt = isoTime(this.world.clock.now());
    entry.task = { ...entry.task, state, startedAt: entry.task.createdAt, endedAt };
    if (state !== "succeeded")
      entry.task.error = { code: "IO", message: "It broke.", hint: null, object: name };
    this.scheduler.taskChanged(entry.task);
    await this.quiet();
  }

  async finishAll(): Promise<void> {
    for (let [next] = this.waiting; next !== undefined; [next] = this.waiting) await this.finish(next);
  }

  /** All runs, the oldest first. */
  async runs(policyId: string) {
    const { rows } = await this.store.runs({ policyId, limit: 500 });
    return rows.toReversed();
  }

  #spend(): void {
    this.changesLeft--;
    if (this.changesLeft < 0) throw new PowerCut("the power went out");
  }

  /** The same store, until the power goes out. */
  #mortal(store: PolicyStore): PolicyStore {
    return new Proxy(store, {
      get: (target, name) => {
        const method: unknown = Reflect.get(target, name, target);
        if (typeof method !== "function") return method;
        return (...given: unknown[]) => {
          if (CHANGES.has(String(name))) this.#spend();
          else if (this.changesLeft < 0) throw new PowerCut("the power went out");
          return method.apply(target, given);
        };
      },
    });
  }
}

const CHANGES = new Set(["addRun", "beginRun", "endRun", "saveItem", "setReason"]);

function nameOf(work: ItemWork): string {
  return "image" in work ? work.image : work.kind;
}

function taskOf(id: string, work: ItemWork, clock: FakeClock): TaskSummary {
  return {
    id,
    kind: work.kind,
    title: work.kind,
    object: imageObject("ceph", "image" in work ? work.image : "rbd/x"),
    related: [],
    state: "queued",
    phase: null,
    done: 0,
    total: null,
    unit: "steps",
    rate: null,
    createdAt: isoTime(clock.now()),
    startedAt: null,
    endedAt: null,
    user: "schedule",
  };
}
