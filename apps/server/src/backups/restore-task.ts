import {
  type Cluster,
  formatImageSpec,
  openImage,
  parseImageSpec,
  planRestore,
  type RestoreTo,
  restoreBackup,
  type TransferProgress,
} from "rbd-core";
import { z } from "zod";
import { clusterId, rowError, rowErrorSchema, typedSpec } from "../api/schemas.ts";
import { examineMade } from "../operations/clone.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind, TaskOutcome } from "../tasks/task-kind.ts";
import type { TaskRunner } from "../tasks/task-runner.ts";
import { reportTransfer } from "./backup-task.ts";
import { subjectObject } from "./services.ts";
import { backupId, backupSubject } from "./verify-task.ts";

const restoreTo = z.discriminatedUnion("kind", [
  /** A new image that holds everything itself. */
  z.object({
    kind: z.literal("new"),
    cluster: clusterId,
    /** `pool/[namespace/]image` that does not exist yet. */
    image: typedSpec,
    dataPool: z.string().trim().min(1).max(256).optional(),
    /** The unit in bytes. */
    stripe: z.object({ unit: z.int().min(1), count: z.int().min(1) }).optional(),
  }),
  /** An image that is there, which nobody may use meanwhile: what differs is written. */
  z.object({
    kind: z.literal("in-place"),
    cluster: clusterId,
    image: typedSpec,
    /** Keeps the state before in a snapshot. */
    safetySnapshot: z.boolean().default(true),
  }),
  /** A clone of the backup, in the cluster of its pool: usable at once. */
  z.object({
    kind: z.literal("instant"),
    cluster: clusterId,
    image: typedSpec,
    /** Copies in the background what the clone shares with the backup, which cannot be removed until then. */
    flatten: z.boolean().default(true),
  }),
  /** A new file in the directory that the server's configuration names. */
  z.object({
    kind: z.literal("file"),
    name: z
      .string()
      .min(1)
      .max(255)
      .regex(/^[^./\p{C}][^/\p{C}]*$/u, "must be a file's name, without a directory"),
    /** The bytes, or a diff from nothing for `rbd import-diff`. */
    format: z.enum(["raw", "diff"]),
  }),
]);

/** What is asked for: one backup, and what it is restored to. */
export const restoreRequest = z.object({
  /** The target's id. */
  target: z.uuid(),
  backup: backupId,
  to: restoreTo,
  /** Restores a backup that does not hold what was backed up, too. */
  acceptDamaged: z.boolean().default(false),
});

const restoreInput = restoreRequest.extend({
  subject: backupSubject,
  /** In place: the highest id of a snapshot before. The one that keeps the state before has a higher one. */
  known: z.string().regex(/^\d+$/).nullable(),
});

const restoreResult = z.object({
  kind: z.literal("restore"),
  backup: z.string(),
  /** The instant that was restored. */
  at: z.string(),
  how: z.enum(["new", "in-place", "instant", "file"]),
  /** Spec of the image, or the file. */
  restored: z.string(),
  bytesRead: z.number(),
  bytesWritten: z.number(),
  /** Bytes that were compared with digests, holes included; 0 for an instant restore. */
  bytesVerified: z.number(),
  /** The offsets of blocks that differ from what was backed up; only where damage was accepted. */
  damaged: z.array(z.number()),
  /** In place: the snapshot that keeps the state before. */
  safetySnapshot: z.string().nullable(),
});

/** What a restore would do, and what prevents it. */
export const restorePlanView = z.object({
  /** Of what is restored, in bytes. */
  size: z.number(),
  /** About how many bytes would be written, at most; for an instant restore, those that are copied later. */
  bytesToWrite: z.number(),
  /**
   * How that is known. `data`: everything that the backup holds. `changes`: what was written to the image since the backup.
   * `comparison`: only reading the whole image tells.
   */
  estimatedBy: z.enum(["data", "changes", "comparison"]),
  /** In place: the image's size now, in bytes. */
  currentSize: z.number().nullable(),
  /** Where it is restored to: a spec or a file. */
  restored: z.string(),
  /** What the restore would be refused for, as it stands: the image is in use, exists, … */
  conflicts: z.array(rowErrorSchema),
  warnings: z.array(z.string()),
});

export type RestoreRequest = z.output<typeof restoreRequest>;
export type RestoreInput = z.output<typeof restoreInput>;
export type RestorePlanView = z.output<typeof restorePlanView>;
export type RestoreTaskResult = z.output<typeof restoreResult>;

/** What a restore would do. Reads, and changes nothing. */
export async function planOf(
  services: OperationServices,
  request: RestoreRequest,
  signal: AbortSignal | undefined,
): Promise<RestorePlanView> {
  const { target: targetId, backup, to } = canonical(request);
  const { backups } = services;
  return await backups.targets.use(targetId, (target) =>
    onCluster(services, to, targetId, async (cluster) => {
      const plan = await planRestore(cluster, { target, backup, to: destination(services, to), signal });
      const { size, bytesToWrite, estimatedBy, currentSize, conflicts, warnings } = plan;
      return {
        size,
        bytesToWrite,
        estimatedBy,
        currentSize,
        restored: showDestination(to),
        conflicts: conflicts.map(rowError),
        warnings: [...warnings],
      };
    }),
  );
}

/**
 * Queues a restore. @returns the task's id. @throws {CoppiceError} `INVALID_NAME`; {ServerError} `TARGET_UNKNOWN`,
 * `BACKUP_UNKNOWN`, `CLUSTER_UNREACHABLE`
 */
export async function queueRestore(
  services: OperationServices,
  runner: TaskRunner,
  request: RestoreRequest,
  user: { id: string; username: string },
): Promise<string> {
  const { backups, clusters } = services;
  const wanted = canonical(request);
  destination(services, wanted.to);
  const subject = backups.subjectOf(await backups.find(wanted.target, wanted.backup));
  if (wanted.to.kind !== "file") await clusters.get(wanted.to.cluster).whenOpen();
  const known = wanted.to.kind === "in-place" ? await newestSnapshot(services, wanted.to) : null;
  return await runner.enqueue(restoreTask, { ...wanted, subject, known }, user);
}

/** The highest id of a snapshot of an image; 0 without one. @throws {CoppiceError} `NOT_FOUND` */
async function newestSnapshot(
  { clusters }: OperationServices,
  { cluster: id, image: spec }: { cluster: string; image: string },
): Promise<string> {
  return await clusters.get(id).ask(async (cluster) => {
    await using image = await openImage(cluster, spec, { readOnly: true });
    return String((await image.listSnapshots()).at(-1)?.id ?? 0n);
  });
}

type Destination = RestoreRequest["to"];

function canonical(request: RestoreRequest): RestoreRequest {
  const { to } = request;
  if (to.kind === "file") return request;
  return { ...request, to: { ...to, image: formatImageSpec(parseImageSpec(to.image)) } };
}

export function showDestination(to: Destination): string {
  return to.kind === "file" ? to.name : to.image;
}

function destination({ backups }: OperationServices, to: Destination): RestoreTo {
  if (to.kind === "file") return { kind: "file", path: backups.fileFor(to.name), format: to.format };
  if (to.kind !== "new") return to;
  const { image, dataPool, stripe } = to;
  return { kind: "new", image, dataPool, stripeUnit: stripe?.unit, stripeCount: stripe?.count };
}

/** Runs `work` on the cluster of the image; for a file on any that is there, since none is used. */
async function onCluster<T>(
  { clusters, backups }: OperationServices,
  to: Destination,
  targetId: string,
  work: (cluster: Cluster) => Promise<T>,
): Promise<T> {
  const id = to.kind === "file" ? ((await backups.clusterOf(targetId)) ?? clusters.ids[0] ?? "") : to.cluster;
  return await clusters.get(id).use(work);
}

const PHASES: Record<TransferProgress["phase"], string> = {
  planning: "Finding what is to be written",
  copying: "Writing",
  verifying: "Comparing",
  finishing: "Finishing",
};

/** Restoring a backup, as a task. */
export const restoreTask: TaskKind<RestoreInput, RestoreTaskResult, OperationServices> = {
  kind: "restore",
  input: restoreInput,
  result: restoreResult,
  concurrency: ({ backups }) => backups.tasks,
  title({ to, subject, backup }) {
    const what = subject.image ?? `the backup ${backup}`;
    return to.kind === "in-place"
      ? `Restore ${to.image} in place`
      : `Restore ${what} to ${showDestination(to)}`;
  },
  object: ({ to, subject }) =>
    to.kind === "file" ? subjectObject(subject) : imageObject(to.cluster, to.image),
  related: ({ to, subject }) => (to.kind === "file" ? [] : [subjectObject(subject)]),

  async run({ target: targetId, backup, to, acceptDamaged }, task, services) {
    const { backups, inventories, flattens } = services;
    task.phase("Reading the backup's digests");
    try {
      return await onCluster(services, to, targetId, (cluster) =>
        backups.targets.use(targetId, async (target) => {
          if (to.kind !== "file") await task.worksAs((await cluster.clientId()).toString(16));
          const restored = await restoreBackup(cluster, {
            target,
            backup,
            to: destination(services, to),
            acceptDamaged,
            signal: task.signal,
            onProgress: reportTransfer(task, PHASES),
          });
          if (to.kind === "instant" && to.flatten) flattens.get(to.cluster).takeUp(to.image);
          const { bytesRead, bytesWritten, bytesVerified, damaged, safetySnapshot, foundBy } = restored;
          if (foundBy === "digests")
            task.log(
              "All of the image was read to find what differs: it does not have the backup's snapshot.",
            );
          if (safetySnapshot !== null)
            task.log(`The state before is kept in the snapshot ${safetySnapshot}.`);
          if (damaged.length > 0)
            task.log(
              `${damaged.length} blocks differ from what was backed up, the first at ${damaged[0]} bytes.`,
            );
          return {
            kind: "restore" as const,
            backup,
            at: restored.backup.pointAt,
            how: to.kind,
            restored: showDestination(to),
            bytesRead,
            bytesWritten,
            bytesVerified,
            damaged: damaged.slice(0, 100),
            safetySnapshot,
          };
        }),
      );
    } finally {
      if (to.kind !== "file") inventories.get(to.cluster).renew();
    }
  },

  afterCrash({ to, backup }) {
    const what = showDestination(to);
    const begun = `The server stopped while the backup ${backup} was being restored to ${what}.`;
    if (to.kind === "file") {
      return {
        message: `${begun} The file is not complete.`,
        hint: "Remove it and start again.",
        object: what,
      };
    }
    if (to.kind === "in-place") {
      return {
        message: `${begun} The image may hold a part of the backup.`,
        hint: "Do not use it: restore it again, or roll it back to the snapshot that was made before.",
        object: what,
      };
    }
    return {
      message: `${begun} The image is completed or removed when the cluster is connected again.`,
      hint: "This task then says what became of it.",
      object: what,
    };
  },

  recorded: {
    purpose: ["make", "restore"],
    async examine({ to, known, backup }, client, { clusters }) {
      if (to.kind === "file") return { outcome: "undone", what: `${to.name} is not complete` };
      const { image } = to;
      return await clusters
        .get(to.cluster)
        .ask((cluster) =>
          to.kind === "in-place"
            ? examineInPlace(cluster, to, backup, BigInt(known ?? 0))
            : examineMade(cluster, image, client),
        );
    },
  },
};

/**
 * No operation stands on the image: the restore had not begun, or was complete. The snapshot of the state before goes when a
 * restore fails, so it is there only in the second case.
 */
async function examineInPlace(
  cluster: Cluster,
  { image: spec, safetySnapshot }: { image: string; safetySnapshot: boolean },
  backup: string,
  known: bigint,
): Promise<TaskOutcome> {
  if (!safetySnapshot) {
    const what = `nothing tells whether ${spec} holds the backup ${backup}: restore it again`;
    return { outcome: "unfinished", what };
  }
  await using image = await openImage(cluster, spec, { readOnly: true });
  const isSafety = ({ name, id }: { name: string; id: bigint }) =>
    id > known && name.startsWith(`coppice-before-restore-${backup}-`);
  if ((await image.listSnapshots()).some(isSafety)) {
    return { outcome: "finished", what: `${spec} holds the backup ${backup}` };
  }
  return { outcome: "undone", what: `nothing was written to ${spec}` };
}
