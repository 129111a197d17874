import { randomUUID } from "node:crypto";
import {
  type BackupRecord,
  backupImage,
  backupReasons,
  formatImageSpec,
  parseImageSpec,
  type TransferProgress,
} from "rbd-core";
import { z } from "zod";
import { clusterId, typedSpec } from "../api/schemas.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskRun } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";

export const backupLabels = z.record(z.string().min(1).max(200), z.string().max(1000));

/** What is asked for: a backup of one image. */
export const backupRequest = z.object({
  cluster: clusterId,
  /** `pool/[namespace/]image`. */
  image: typedSpec,
  /** The target's id. */
  target: z.uuid(),
  /** `auto`: incremental where that is possible, otherwise full, with the reason in the result. */
  kind: z.enum(["auto", "full", "incremental"]).default("auto"),
  /** For `auto`: a chain that is broken makes the task fail, instead of a full backup. */
  refuseBrokenChain: z.boolean().default(false),
  /** For `auto`: a chain with that many points is not extended. */
  maximumPoints: z.int().min(1).max(10_000).optional(),
  labels: backupLabels.default({}),
  /** Retention keeps the backup. */
  protected: z.boolean().default(false),
});

/** With the id that the backup is going to have: by it, it is found out what became of a task that was cut off. */
const backupInput = backupRequest.extend({ id: z.uuid() });

const backupResult = z.object({
  kind: z.literal("backup"),
  /** Spec of the image. */
  image: z.string(),
  /** The target's id and name. */
  target: z.object({ id: z.uuid(), name: z.string() }),
  backup: z.string(),
  backupKind: z.enum(["full", "incremental"]),
  reason: z.enum(backupReasons),
  /** The reason as a sentence without a full stop. */
  why: z.string(),
  /** An automatic backup that became full, although the image has a chain of backups. */
  degraded: z.boolean(),
  /** Of the image, in bytes. */
  size: z.number(),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  /** Older snapshots of backups on the image that could not be removed. */
  keptSnapshots: z.array(z.object({ name: z.string(), why: z.string() })),
});

export type BackupRequest = z.output<typeof backupRequest>;
export type BackupInput = z.output<typeof backupInput>;
export type BackupTaskResult = z.output<typeof backupResult>;

/**
 * Queues a backup. @returns the task's id. @throws {CoppiceError} `INVALID_NAME`; {ServerError} `TARGET_UNKNOWN`,
 * `CLUSTER_UNREACHABLE`
 */
export async function queueBackup(
  { clusters, backups }: OperationServices,
  runner: TaskRunner,
  request: BackupRequest,
  user: { id: string; username: string },
): Promise<string> {
  const image = formatImageSpec(parseImageSpec(request.image));
  await backups.targets.get(request.target);
  await clusters.get(request.cluster).whenOpen(); // refuse now what could not begin
  return await runner.enqueue(backupTask, { ...request, image, id: randomUUID() }, user);
}

/** Reports a transfer as the progress of a task, with the phases in the words of the work. */
export function reportTransfer(
  task: TaskRun,
  phases: Record<TransferProgress["phase"], string>,
): (progress: TransferProgress) => void {
  let current: TransferProgress["phase"] | null = null;
  return ({ phase, done, total }) => {
    if (phase !== current) task.phase(phases[phase], "bytes");
    current = phase;
    task.progress(done, total === 0 ? null : total);
  };
}

const PHASES: Record<TransferProgress["phase"], string> = {
  planning: "Finding what changed",
  copying: "Copying",
  verifying: "Reading back and comparing",
  finishing: "Finishing",
};

/** Reasons for a full backup that are no surprise. */
const EXPECTED: ReadonlySet<BackupRecord["reason"]> = new Set([
  "requested",
  "first",
  "chain-full",
  "extended",
]);

/** Backing an image up, as a task. */
export const backupTask: TaskKind<BackupInput, BackupTaskResult, OperationServices> = {
  kind: "backup",
  input: backupInput,
  result: backupResult,
  concurrency: ({ backups }) => backups.tasks,
  title: ({ image }) => `Back up ${image}`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: () => [],

  async run({ cluster: clusterName, image, target: targetId, id, kind, ...input }, task, services) {
    const { clusters, inventories, backups } = services;
    task.phase("Preparing");
    try {
      return await clusters.get(clusterName).use((cluster) =>
        backups.targets.use(targetId, async (target, { name }) => {
          await task.worksAs((await cluster.clientId()).toString(16));
          const { backup, retired } = await backupImage(cluster, {
            image,
            target,
            id,
            kind,
            refuseBrokenChain: input.refuseBrokenChain,
            maximumPoints: input.maximumPoints,
            labels: input.labels,
            protected: input.protected,
            signal: task.signal,
            onProgress: reportTransfer(task, PHASES),
          });
          const degraded = backup.kind === "full" && !EXPECTED.has(backup.reason);
          task.log(
            `${degraded ? "This backup is full instead of incremental" : `This backup is ${backup.kind}`}: ${backup.why}.`,
          );
          for (const kept of retired.kept)
            task.log(`The snapshot ${kept.name} of the image stays: ${kept.why}.`);
          const { bytesRead, bytesWritten } = backup.transfer;
          return {
            kind: "backup" as const,
            image,
            target: { id: targetId, name },
            backup: backup.id,
            backupKind: backup.kind,
            reason: backup.reason,
            why: backup.why,
            degraded,
            size: backup.size,
            bytesRead,
            bytesWritten,
            keptSnapshots: [...retired.kept],
          };
        }),
      );
    } finally {
      inventories.get(clusterName).renew();
      await backups.catalogue.renew(targetId);
    }
  },

  afterCrash: ({ image }) => ({
    message:
      `The server stopped while ${image} was being backed up. ` +
      "The backup is completed or undone when the cluster is connected again; earlier backups are not affected.",
    hint: "This task then says what became of it.",
    object: image,
  }),

  recorded: {
    purpose: "backup",
    async examine({ image, target, id }, _client, { backups }) {
      const found = await backups.targets.use(target, (opened) => opened.find(id));
      await backups.catalogue.renew(target);
      if (found !== null) return { outcome: "finished", what: `the backup ${id} of ${image} is complete` };
      return { outcome: "undone", what: `there is no backup ${id} of ${image}` };
    },
  },
};
