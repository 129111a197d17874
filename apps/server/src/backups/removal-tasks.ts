import {
  type Cluster,
  CoppiceError,
  checkRetention,
  deleteBackup,
  describeKeepReason,
  type PruneBackupsResult,
  pruneBackups,
  showImageSpec,
} from "rbd-core";
import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import { toUserError } from "../base/errors.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskRun } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { type BackupSubject, subjectObject } from "./services.ts";
import { backupId, backupSubject } from "./verify-task.ts";

/** What is asked for: the removal of one backup. */
export const deleteRequest = z.object({
  /** The target's id. */
  target: z.uuid(),
  backup: backupId,
});

const deleteInput = deleteRequest.extend({
  subject: backupSubject,
  /** The chain's image; null in a directory. */
  chain: z.object({ cluster: clusterId, image: z.string() }).nullable(),
});

const deleteResult = z.object({
  kind: z.literal("delete-backup"),
  backup: z.string(),
  target: z.object({ id: z.uuid(), name: z.string() }),
  /** The snapshots of the source that were removed with it. */
  removedSnapshots: z.array(z.string()),
  keptSnapshots: z.array(z.object({ name: z.string(), why: z.string() })),
});

const count = z.union([z.int().min(0).max(1_000_000), z.literal("all")]).optional();

/** Which backups to keep. A backup is kept when any rule keeps it. */
export const retentionPolicy = z.object({
  keepLast: count,
  hourly: count,
  daily: count,
  weekly: count,
  monthly: count,
  yearly: count,
  /** Everything that is at most so much older than the newest one. */
  within: z
    .object({
      weeks: z.number().min(0).exactOptional(),
      days: z.number().min(0).exactOptional(),
      hours: z.number().min(0).exactOptional(),
    })
    .optional(),
  /** An IANA time zone: where days and weeks begin. UTC without it. */
  timeZone: z.string().max(100).optional(),
});

/** An image by ids, as `backups.sources` has it in the key of a row: `fsid/pool id/image id`. */
export const sourceIds = z.object({
  fsid: z.uuid(),
  poolId: z.int().min(0),
  imageId: z.string().min(1).max(256),
});

/** What is asked for: which backups to keep, of one image or of all. */
export const pruneRequest = z.object({
  /** The target's id. */
  target: z.uuid(),
  retention: retentionPolicy,
  /** Left out: every image in the target, each by itself. */
  source: sourceIds.optional(),
});

const pruneInput = pruneRequest.extend({ subject: backupSubject });

const pruneResult = z.object({
  kind: z.literal("prune"),
  target: z.object({ id: z.uuid(), name: z.string() }),
  kept: z.number(),
  removed: z.array(z.object({ backup: z.string(), image: z.string(), at: z.string() })),
});

/** What a retention would keep and remove. */
export const prunePlanView = z.object({
  /** Oldest first, image by image. */
  decisions: z.array(
    z.object({
      backup: z.string(),
      image: z.string(),
      chain: z.string(),
      at: z.string(),
      /** Why it is kept; empty: it would be removed. */
      reasons: z.array(z.string()),
    }),
  ),
  keep: z.number(),
  remove: z.number(),
});

export type DeleteRequest = z.output<typeof deleteRequest>;
export type DeleteBackupTaskResult = z.output<typeof deleteResult>;
export type RetentionPolicyInput = z.output<typeof retentionPolicy>;
export type PruneRequest = z.output<typeof pruneRequest>;
export type PrunePlanView = z.output<typeof prunePlanView>;
export type PruneTaskResult = z.output<typeof pruneResult>;

/** Queues a removal. @returns the task's id. @throws {ServerError} `TARGET_UNKNOWN`, `BACKUP_UNKNOWN`, `CLUSTER_UNREACHABLE` */
export async function queueDelete(
  { backups }: OperationServices,
  runner: TaskRunner,
  request: DeleteRequest,
  user: { id: string; username: string },
): Promise<string> {
  const backup = await backups.find(request.target, request.backup);
  const { settings } = await backups.targets.get(request.target);
  const chain =
    settings.kind === "directory"
      ? null
      : {
          cluster: settings.cluster,
          image: showImageSpec({ pool: settings.pool, namespace: settings.namespace, image: backup.chain }),
        };
  return await runner.enqueue(deleteTask, { ...request, subject: backups.subjectOf(backup), chain }, user);
}

/** Removing one backup, as a task. */
export const deleteTask: TaskKind<z.output<typeof deleteInput>, DeleteBackupTaskResult, OperationServices> = {
  kind: "delete-backup",
  input: deleteInput,
  result: deleteResult,
  concurrency: ({ backups }) => backups.tasks,
  title: ({ backup, subject }) =>
    `Delete the backup ${backup}${subject.image === null ? "" : ` of ${subject.image}`}`,
  object: ({ chain, subject }) =>
    chain === null ? subjectObject(subject) : imageObject(chain.cluster, chain.image),
  related: ({ chain, subject }) => (chain === null ? [] : [subjectObject(subject)]),

  async run({ target: targetId, backup, subject, chain }, task, services) {
    const { backups, clusters, inventories } = services;
    task.phase("Removing the backup");
    try {
      return await backups.targets.use(targetId, async (target, { name }) => {
        if (chain !== null) {
          const cluster = await clusters.get(chain.cluster).whenOpen();
          await task.worksAs((await cluster.clientId()).toString(16));
        }
        const source = await sourceCluster(services, subject, task);
        const { retired } = await deleteBackup({ target, backup, source, signal: task.signal });
        for (const kept of retired.kept)
          task.log(`The snapshot ${kept.name} of the image stays: ${kept.why}.`);
        return {
          kind: "delete-backup" as const,
          backup,
          target: { id: targetId, name },
          removedSnapshots: [...retired.removed],
          keptSnapshots: [...retired.kept],
        };
      });
    } finally {
      if (subject.image !== null) inventories.get(subject.cluster).renew();
      await backups.catalogue.renew(targetId);
    }
  },

  afterCrash: ({ backup }) => ({
    message: `The server stopped while the backup ${backup} was being deleted. The other backups are not affected.`,
    hint: "The removal is finished, or was not begun, when the target is used next.",
    object: backup,
  }),

  recorded: {
    purpose: "chain",
    async examine({ target, backup }, _client, { backups }) {
      const found = await backups.targets.use(target, (opened) => opened.find(backup));
      await backups.catalogue.renew(target);
      if (found === null) return { outcome: "finished", what: `the backup ${backup} is deleted` };
      return { outcome: "undone", what: `the backup ${backup} is still there, and whole` };
    },
  },
};

/** The cluster whose snapshots the backup's removal no longer needs. Without it they stay, which the log says. */
async function sourceCluster(
  { clusters }: OperationServices,
  { cluster, image }: BackupSubject,
  task: TaskRun,
): Promise<Cluster | undefined> {
  if (image === null) return undefined;
  try {
    return await clusters.get(cluster).whenOpen();
  } catch (error) {
    task.log(`The snapshots of ${image} stay: ${toUserError(error).message}`);
    return undefined;
  }
}

/** What a retention would do. Reads, and changes nothing. */
export async function prunePlanOf(
  { backups }: OperationServices,
  { target: targetId, retention, source }: PruneRequest,
  signal: AbortSignal | undefined,
): Promise<PrunePlanView> {
  checkRetention(retention);
  const { decisions } = await backups.targets.use(targetId, (target) =>
    pruneBackups({ target, retention, image: source, dryRun: true, signal }),
  );
  const rows = decisions.map(({ point: { backup }, reasons }) => ({
    backup: backup.id,
    image: showSource(backup),
    chain: backup.chain,
    at: backup.pointAt,
    reasons: reasons.map(describeKeepReason),
  }));
  const remove = rows.filter(({ reasons }) => reasons.length === 0).length;
  return { decisions: rows, keep: rows.length - remove, remove };
}

/** Queues a pruning. @returns the task's id. @throws {CoppiceError} `INVALID_ARGUMENT`; {ServerError} `TARGET_UNKNOWN` */
export async function queuePrune(
  { backups, clusters }: OperationServices,
  runner: TaskRunner,
  request: PruneRequest,
  user: { id: string; username: string },
): Promise<string> {
  checkRetention(request.retention);
  const cluster = (await backups.clusterOf(request.target)) ?? clusters.ids[0] ?? "";
  let subject: BackupSubject = { cluster, image: null };
  if (request.source !== undefined) {
    const { source } = request;
    const { points } = await backups.targets.use(request.target, (target) => target.list({ source }));
    const [first] = points;
    if (first !== undefined) subject = backups.subjectOf(first);
  }
  return await runner.enqueue(pruneTask, { ...request, subject }, user);
}

/** Removing the backups that a retention does not keep, as a task. */
export const pruneTask: TaskKind<z.output<typeof pruneInput>, PruneTaskResult, OperationServices> = {
  kind: "prune",
  input: pruneInput,
  result: pruneResult,
  concurrency: () => 1,
  title: ({ subject }) =>
    `Prune ${subject.image === null ? "all backups of a target" : `the backups of ${subject.image}`}`,
  object: ({ subject }) => subjectObject(subject),
  related: () => [],

  async run({ target: targetId, retention, source }, task, services) {
    const { backups, inventories, clusters } = services;
    task.phase("Deciding what is kept");
    try {
      return await backups.targets.use(targetId, async (target, { name }) => {
        const done = {
          kept: 0,
          removed: [] as PruneTaskResult["removed"],
          failed: [] as PruneBackupsResult["failed"][number][],
        };
        // Each image by itself: their snapshots are in clusters of their own.
        const { points } = await target.list({ source, signal: task.signal });
        const images = Map.groupBy(points, (point) =>
          JSON.stringify([point.source.fsid, point.source.poolId, point.source.imageId]),
        );
        for (const [index, some] of [...images.values()].entries()) {
          const [first] = some;
          if (first === undefined) continue;
          task.progress(index, images.size);
          const image = showSource(first);
          const cluster = await sourceCluster(services, backups.subjectOf(first), task);
          const { signal } = task;
          const result = await pruneBackups({
            target,
            retention,
            image: first.source,
            source: cluster,
            signal,
          });
          done.kept += result.decisions.length - result.removed.length;
          for (const backup of result.removed) {
            done.removed.push({ backup: backup.id, image, at: backup.pointAt });
            task.log(`Removed the backup ${backup.id} of ${image}, of ${backup.pointAt}.`);
          }
          for (const { backup, error } of result.failed)
            task.log(`The backup ${backup.id} of ${image} stays: ${error.message}`);
          done.failed.push(...result.failed);
        }
        refuseFailed(done.failed);
        return {
          kind: "prune" as const,
          target: { id: targetId, name },
          kept: done.kept,
          removed: done.removed,
        };
      });
    } finally {
      for (const id of clusters.ids) inventories.get(id).renew();
      await backups.catalogue.renew(targetId);
    }
  },

  afterCrash: () => ({
    message:
      "The server stopped while backups were being pruned. Those that were removed stay removed, and the others are whole.",
    hint: "The removal under way is finished by itself. Start it again for the others.",
    object: null,
  }),
};

/** @throws {CoppiceError} when backups should have been removed and are still there */
function refuseFailed([first, ...others]: PruneBackupsResult["failed"]): void {
  if (first === undefined) return;
  throw new CoppiceError({
    code: first.error.code,
    call: "pruneBackups",
    object: first.backup.id,
    message:
      others.length === 0
        ? first.error.message
        : `${others.length + 1} backups could not be removed; the first: ${first.error.message}`,
    hint: first.error.hint ?? "The log names each. Try again.",
    cause: first.error,
  });
}

function showSource({
  source,
}: {
  source: { poolName: string; namespace: string; imageName: string };
}): string {
  return showImageSpec({ pool: source.poolName, namespace: source.namespace, image: source.imageName });
}
