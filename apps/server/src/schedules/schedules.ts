import { type BackupListing, type BackupRecord, showImageSpec } from "rbd-core";
import { backupTask, verifyTask } from "../backups/index.ts";
import { ServerError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import type { Database } from "../db/database.ts";
import { runMessage } from "../notifications/message.ts";
import type { Notifications } from "../notifications/notifications.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskSummary } from "../tasks/task.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { drillTask, scratchSpec } from "./drill-task.ts";
import { LateWatch } from "./late-watch.ts";
import { type ImageSelection, type Job, type Policy, retentionOf, selector } from "./policy.ts";
import { PolicyStore } from "./policy-store.ts";
import { assessProtection, type BackupsByImage, type ImageProtection, newestGood } from "./protection.ts";
import { retentionTask } from "./retention-task.ts";
import type { ItemResult, ItemWork, PolicyRun, RunImages, RunItem } from "./run.ts";
import { Scheduler } from "./scheduler.ts";

/** Who has queued the tasks of runs. */
const SCHEDULE_USER = { id: "schedule", username: "schedule" };

/** How long the grouping of a target's backups by image is used again while its listing stays the same. */
const GROUPED_MS = 5000;

type ClusterServices = Pick<OperationServices, "clusters" | "inventories" | "backups">;

interface SchedulesOptions extends ClusterServices {
  host: Host;
  database: Database;
  runner: TaskRunner;
  notifications: Notifications;
  /** Called after each change of a policy or its runs. */
  changed(policyId: string): void;
}

/** The policies of this server, at work. */
export class Schedules {
  readonly store: PolicyStore;
  readonly scheduler: Scheduler;
  readonly #options: SchedulesOptions;
  readonly #late: LateWatch;
  readonly #grouped = new Map<string, { listing: BackupListing; until: number; byImage: BackupsByImage }>();

  constructor(options: SchedulesOptions) {
    this.#options = options;
    const { host, database, runner, notifications, changed } = options;
    const { clock, log } = host;
    const store = new PolicyStore(database);
    this.store = store;
    this.#late = new LateWatch({
      store,
      clock,
      log,
      notifications,
      protection: (cluster) => this.protection(cluster),
      changed,
    });
    this.scheduler = new Scheduler({
      store,
      clock,
      log,
      imagesOf: (policy, job) => this.#imagesOf(policy, job),
      workOf: (policy, run, item) => this.#workOf(policy, run, item),
      enqueue: (work, taskId) => this.#enqueue(work, taskId),
      findTask: async (id) => findTask(runner, id),
      isUnsettled: async ({ id, object }) =>
        (await runner.unsettled(object.cluster)).some((task) => task.id === id),
      resultOf,
      async tell(policy, run, items) {
        const message = runMessage(policy, run, items, await store.runBefore(run), notifications.origin);
        return async (transaction) => {
          if (message !== null) await notifications.put(transaction, `run/${run.id}`, message);
        };
      },
      ended: () => {
        notifications.wake();
        this.#late.wake();
      },
      changed,
    });
  }

  async start(): Promise<void> {
    await this.scheduler.start();
    this.#late.wake();
    this.#options.notifications.wake();
  }

  async close(): Promise<void> {
    await this.scheduler.close();
    await this.#late.close();
  }

  /** To be called after a policy was made, changed or removed. */
  policyChanged(id: string): void {
    this.scheduler.wake();
    this.#late.wake();
    this.#options.changed(id);
  }

  /** @throws {ServerError} `POLICY_UNKNOWN` */
  async policy(id: string): Promise<Policy> {
    const policy = await this.store.policy(id);
    if (policy !== null) return policy;
    throw new ServerError("POLICY_UNKNOWN", "There is no such policy.", {
      hint: "It may have been removed. Look for it in the list of policies.",
      object: id,
    });
  }

  /** The images that a selection chooses, by name, as the cluster was read last. */
  async matching(cluster: string, select: ImageSelection): Promise<string[]> {
    const catalog = await this.#options.inventories.get(cluster).current();
    const chooses = selector(select);
    return catalog.rows.flatMap(({ view }) => (chooses(view) ? [view.spec] : []));
  }

  /** How well each image of a cluster is protected, by name. @throws while the cluster cannot be read at all */
  async protection(cluster: string): Promise<ImageProtection[]> {
    const { inventories, host } = this.#options;
    const catalog = await inventories.get(cluster).current();
    const policies = (await this.store.policies()).filter(({ definition }) => definition.cluster === cluster);
    const backups = new Map<string, BackupsByImage>();
    for (const target of new Set(policies.map(({ definition }) => definition.target))) {
      backups.set(target, await this.backupsByImage(cluster, target).catch(() => null));
    }
    const images = catalog.rows.map(({ view }) => view);
    return assessProtection(images, policies, backups, host.clock.now());
  }

  /**
   * The backups of a cluster's images in a target, by the spec that each image has today.
   *
   * @throws {ServerError} `TARGET_UNKNOWN`; what prevents the target from being read
   */
  async backupsByImage(cluster: string, target: string): Promise<ReadonlyMap<string, BackupRecord[]>> {
    const { backups, host } = this.#options;
    const [contents] = await backups.catalogue.contents(target);
    if (contents === undefined || contents.listing === null) throw contents?.error ?? new Error("no listing");
    const { listing } = contents;
    const key = `${cluster}/${target}`;
    const now = host.clock.now();
    const known = this.#grouped.get(key);
    if (known !== undefined && known.listing === listing && now < known.until) {
      return known.byImage as ReadonlyMap<string, BackupRecord[]>;
    }
    const find = await backups.findSource();
    const byImage = new Map<string, BackupRecord[]>();
    for (const chain of listing.chains) {
      const found = find(chain.source);
      if (found.cluster !== cluster) continue;
      const { poolName: pool, namespace, imageName: image } = chain.source;
      const spec =
        found.image?.spec ?? (found.readAt === null ? showImageSpec({ pool, namespace, image }) : null);
      if (spec !== null) byImage.set(spec, [...(byImage.get(spec) ?? []), ...chain.backups]);
    }
    this.#grouped.set(key, { listing, until: now + GROUPED_MS, byImage });
    return byImage;
  }

  async #imagesOf(policy: Policy, job: Job): Promise<RunImages> {
    const { cluster, select, target, drill } = policy.definition;
    const catalog = await this.#options.inventories.get(cluster).refresh();
    const chooses = selector(select);
    const found = catalog.rows.flatMap(({ view }) => (chooses(view) ? [view.spec] : []));
    // One that is named and not there fails, instead of being forgotten.
    const images = [...new Set([...select.images, ...found])];
    const unread = catalog.problems.filter(
      ({ place }) => select.patterns.length > 0 || select.pools.includes(place?.split("/")[0] ?? ""),
    );
    const [first] = unread;
    const problem =
      first === undefined
        ? null
        : `${first.place ?? "The cluster"} could not be read, so images may have been left out. ${first.error.message}`;
    if (job !== "drill" || drill === null) return { images, problem };
    const [byImage, tried] = [
      await this.backupsByImage(cluster, target),
      await this.store.lastDrills(policy.id),
    ];
    const due = images
      .filter((image) => newestGood(byImage.get(image) ?? []) !== null)
      .toSorted((a, b) => (tried.get(a) ?? "").localeCompare(tried.get(b) ?? ""));
    if (due.length === 0)
      return { images: [], problem: "No image of the policy has a backup to restore yet." };
    return { images: due.slice(0, drill.images), problem };
  }

  async #workOf(policy: Policy, run: PolicyRun, item: RunItem): Promise<ItemWork | { skip: string }> {
    const { definition } = policy;
    const { cluster, target } = definition;
    if (item.kind === "prune") return await this.#pruning(policy, run);
    const image = item.image ?? "";
    if (item.kind === "backup") {
      const { mode, chainPoints } = definition.backup;
      return { kind: "backup", cluster, image, target, mode, chainPoints };
    }
    const newest = newestGood((await this.backupsByImage(cluster, target)).get(image) ?? []);
    if (newest === null) return { skip: "There is no good backup of it yet." };
    const backup = newest.id;
    if (item.kind === "verify") {
      return { kind: "verify", target, backup, depth: definition.verify?.depth ?? "quick" };
    }
    if (definition.drill === null) return { skip: "The policy has no restore drills any more." };
    return {
      kind: "drill",
      cluster,
      image,
      target,
      backup,
      scratch: scratchSpec(definition.drill.pool, item),
    };
  }

  /** Only of images that this run has backed up: what is old is removed when something new is there. */
  async #pruning({ id, definition }: Policy, run: PolicyRun): Promise<ItemWork | { skip: string }> {
    const { cluster, target, name } = definition;
    const retention = retentionOf(definition);
    if (retention === null) return { skip: "The policy has no retention any more." };
    const byImage = await this.backupsByImage(cluster, target);
    const sources = (await this.store.items(run.id)).flatMap(({ kind, image, state, backupId }) => {
      if (kind !== "backup" || image === null || state !== "succeeded") return [];
      const backup = byImage.get(image)?.find((each) => each.id === backupId);
      if (backup === undefined) return [];
      const { fsid, poolId, imageId } = backup.source;
      return [{ image, fsid, poolId, imageId }];
    });
    if (sources.length === 0) return { skip: "No image was backed up." };
    return { kind: "prune", cluster, target, policy: { id, name }, retention, sources };
  }

  async #enqueue(work: ItemWork, taskId: string): Promise<void> {
    const { runner, backups } = this.#options;
    switch (work.kind) {
      case "backup": {
        const { cluster, image, target, mode, chainPoints } = work;
        const input = backupTask.input.parse({
          cluster,
          image,
          target,
          kind: mode,
          ...(chainPoints === null ? {} : { maximumPoints: chainPoints }),
          id: taskId,
        });
        await runner.enqueue(backupTask, input, SCHEDULE_USER, taskId);
        return;
      }
      case "verify": {
        const { target, backup, depth } = work;
        const subject = backups.subjectOf(await backups.find(target, backup));
        await runner.enqueue(verifyTask, { target, backup, depth, subject }, SCHEDULE_USER, taskId);
        return;
      }
      case "drill": {
        const { cluster, image, target, backup, scratch } = work;
        await runner.enqueue(drillTask, { cluster, image, target, backup, scratch }, SCHEDULE_USER, taskId);
        return;
      }
      case "prune": {
        const { kind: _, ...input } = work;
        await runner.enqueue(retentionTask, retentionTask.input.parse(input), SCHEDULE_USER, taskId);
      }
    }
  }
}

async function findTask(runner: TaskRunner, id: string): Promise<TaskSummary | null> {
  try {
    return await runner.get(id);
  } catch (error) {
    if (error instanceof ServerError && error.code === "TASK_UNKNOWN") return null;
    throw error;
  }
}

/** What is kept of a task's result with the image. A task that was completed after the death of its server has none. */
function resultOf({ id, kind, result }: TaskSummary): ItemResult {
  const succeeded = { state: "succeeded" } as const;
  if (result === undefined) {
    const why = "it was completed after the server had stopped";
    return { ...succeeded, why, ...(kind === backupTask.kind ? { backupId: id } : {}) };
  }
  if (kind === backupTask.kind) {
    const { backup, backupKind, why, bytesWritten } = backupTask.result.parse(result);
    return { ...succeeded, backupId: backup, backupKind, why, bytes: bytesWritten };
  }
  if (kind === verifyTask.kind) {
    const { backup, bytes } = verifyTask.result.parse(result);
    return { ...succeeded, backupId: backup, bytes };
  }
  if (kind === drillTask.kind) {
    const { backup, bytesVerified, seconds } = drillTask.result.parse(result);
    return { ...succeeded, backupId: backup, bytes: bytesVerified, seconds };
  }
  const { removed, kept } = retentionTask.result.parse(result);
  return { ...succeeded, why: `${removed} removed, ${kept} kept` };
}

/** The schedules on the database, not started yet. They are closed before the tasks are. */
export function createSchedules(options: SchedulesOptions): Schedules {
  const schedules = new Schedules(options);
  options.host.opened.defer(() => schedules.close());
  return schedules;
}
