import type { FastifyBaseLogger } from "fastify";
import {
  type Cluster,
  type FindBackupTarget,
  listOperations,
  type OperationInfo,
  type ReconciledOperation,
  type ReconcileOptions,
  reconcile,
  showImageSpec,
} from "rbd-core";
import type { Clock, Timer } from "../base/clock.ts";
import type { Host } from "../base/host.ts";
import { type Clusters, PerCluster } from "../cluster/clusters.ts";
import type { TaskOutcome } from "../tasks/task-kind.ts";
import type { UnsettledTask } from "../tasks/task-runner.ts";

/** The pause after a pass that left something unfinished. It doubles up to the regular one. */
const PAUSE_MS = 30_000;
/** The pause between two passes: other programs' operations are interrupted at any time. */
const REGULAR_PAUSE_MS = 300_000;

/** The tasks that were cut off, as the runner keeps them. */
export interface UnsettledTasks {
  unsettled(cluster: string): Promise<UnsettledTask[]>;
  settle(id: string, outcome: TaskOutcome): Promise<void>;
}

interface ReconcilerOptions {
  /** The cluster's id, as configured. */
  cluster: string;
  clock: Clock;
  log: FastifyBaseLogger;
  tasks: UnsettledTasks;
  /** Finds the target of an interrupted backup that is not in the cluster of its source. */
  backupTargetAt: FindBackupTarget;
  /** Called when images of the cluster were changed. */
  onChanged(): void;
}

/** A reconciler for each cluster. All are stopped at shutdown. */
export function createReconcilers(
  { clock, log, opened }: Host,
  clusters: Clusters,
  { tasks, backupTargetAt }: Pick<ReconcilerOptions, "tasks" | "backupTargetAt">,
  onChanged: (cluster: string) => void,
): PerCluster<Reconciler> {
  const reconcilers = new PerCluster(
    clusters.ids,
    (cluster) =>
      new Reconciler({
        cluster,
        clock,
        log: log.child({ cluster }),
        tasks,
        backupTargetAt,
        onChanged: () => onChanged(cluster),
      }),
  );
  opened.defer(() => reconcilers.closeAll());
  return reconcilers;
}

/**
 * Finishes or undoes what interrupted operations left on one cluster: those of this server before it was restarted, and
 * those of any other program that uses the SDK. It does so after each new connection and every few minutes from then on,
 * and tells each task that was cut off what became of it.
 */
export class Reconciler {
  readonly #options: ReconcilerOptions;
  readonly #abort = new AbortController();
  #running: Promise<void> = Promise.resolve();
  #timer: Timer | null = null;
  /** Passes in a row that left something unfinished. */
  #failures = 0;
  /** What the log said last of each operation that could not be finished: a later pass says only what is new. */
  #said = new Map<string, string>();

  constructor(options: ReconcilerOptions) {
    this.#options = options;
  }

  /**
   * Begins on a connection that has just been made, once what runs on the connection before has ended.
   *
   * @returns Resolves when every operation was tried. It never rejects.
   */
  begin(cluster: Cluster): Promise<void> {
    this.#timer?.cancel();
    this.#timer = null;
    this.#failures = 0;
    this.#running = this.#running.then(() => this.#pass(cluster));
    return this.#running;
  }

  /**
   * Finishes or undoes interrupted operations now, and tells the tasks that they belong to. After all of them were tried,
   * the pause until the next pass begins anew.
   *
   * @throws {CoppiceError} when the operations cannot be listed; the signal's reason
   */
  async reconcile(cluster: Cluster, options: ReconcileOptions): Promise<ReconciledOperation[]> {
    let settling = Promise.resolve();
    try {
      const reconciled = await reconcile(cluster, {
        ...options,
        backupTargetAt: this.#options.backupTargetAt,
        onProgress: (progress) => {
          this.#say(progress.last);
          settling = settling.then(() => this.#settleTasksOf(progress.last));
          options.onProgress?.(progress);
        },
      });
      const isUnfinished = reconciled.some(({ outcome }) => outcome === "failed" || outcome === "left");
      if (options.only === undefined) this.#passLater(cluster, isUnfinished);
      return reconciled;
    } finally {
      await settling;
    }
  }

  /** Stops before the next operation. What is not reconciled yet is found again after the next start. */
  async close(): Promise<void> {
    this.#abort.abort(new DOMException("The server is shutting down", "AbortError"));
    this.#timer?.cancel();
    await this.#running;
  }

  async #pass(cluster: Cluster): Promise<void> {
    const { signal } = this.#abort;
    if (signal.aborted) return;
    try {
      await this.#settleTasksWithoutRecord(cluster);
      await this.reconcile(cluster, { signal });
    } catch (error) {
      if (signal.aborted) return;
      this.#options.log.warn({ err: error }, "interrupted operations could not be reconciled");
      this.#passLater(cluster, true);
    }
  }

  #passLater(cluster: Cluster, isUnfinished: boolean): void {
    if (this.#abort.signal.aborted) return;
    this.#failures = isUnfinished ? this.#failures + 1 : 0;
    const pause = isUnfinished ? PAUSE_MS * 2 ** (this.#failures - 1) : REGULAR_PAUSE_MS;
    this.#timer?.cancel();
    this.#timer = this.#options.clock.after(Math.min(pause, REGULAR_PAUSE_MS), () => {
      this.#timer = null;
      this.#running = this.#running.then(() => this.#pass(cluster));
    });
  }

  #say({ operation, outcome, what, error }: ReconciledOperation): void {
    const { log, onChanged } = this.#options;
    if (outcome === "skipped") return;
    const image = showImageSpec(operation.image);
    const entry = { image, kind: operation.kind, outcome, what };
    const key = `${image}/${operation.purpose}`;
    if (outcome === "failed" || outcome === "left") {
      if (this.#said.get(key) !== what) {
        log.warn({ ...entry, err: error }, "an interrupted operation is still to be finished");
      }
      this.#said.set(key, what);
      return;
    }
    this.#said.delete(key);
    log.info(entry, "an interrupted operation was reconciled");
    onChanged();
  }

  /** Tells the tasks whose client worked on this operation what became of it. */
  async #settleTasksOf({ operation, outcome, what }: ReconciledOperation): Promise<void> {
    if (outcome === "skipped") return;
    const { tasks, cluster } = this.#options;
    for (const task of await tasks.unsettled(cluster)) {
      if (!belongsTo(task, operation)) continue;
      // Several may have worked on it, one after the other: what is whole was made by the last of them.
      if (outcome === "finished") await this.#examine(task);
      else await tasks.settle(task.id, { outcome: outcome === "undone" ? "undone" : "unfinished", what });
    }
  }

  /** A task without a record was cut off before its first change or after its last: the cluster tells which. */
  async #settleTasksWithoutRecord(cluster: Cluster): Promise<void> {
    const { tasks, cluster: id } = this.#options;
    const unsettled = await tasks.unsettled(id);
    if (unsettled.length === 0) return;
    const operations = await listOperations(cluster, { signal: this.#abort.signal });
    for (const task of unsettled) {
      if (!operations.some((operation) => belongsTo(task, operation))) await this.#examine(task);
    }
  }

  async #examine(task: UnsettledTask): Promise<void> {
    const { tasks, log } = this.#options;
    try {
      await tasks.settle(task.id, await task.examine());
    } catch (error) {
      log.warn({ err: error, task: task.id }, "it could not be found out what became of a task");
    }
  }
}

/** Whether an operation is the one that a task was cut off in. */
function belongsTo({ object, purposes, client }: UnsettledTask, operation: OperationInfo): boolean {
  return (
    purposes.includes(operation.purpose) &&
    operation.clients.includes(client) &&
    object.spec === showImageSpec(operation.image)
  );
}
