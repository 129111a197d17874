import { type CoppiceError, pruneBackups, type RetentionPolicy } from "rbd-core";
import { z } from "zod";
import { clusterId } from "../api/schemas.ts";
import { retentionPolicy } from "../backups/index.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import type { TaskKind } from "../tasks/task-kind.ts";

const retentionInput = z.object({
  cluster: clusterId,
  /** The target's id. */
  target: z.uuid(),
  policy: z.object({ id: z.uuid(), name: z.string() }),
  retention: retentionPolicy,
  /** The images, by the ids that their backups name. */
  sources: z.array(
    z.object({
      image: z.string(),
      fsid: z.uuid(),
      poolId: z.int().min(0),
      imageId: z.string().min(1).max(256),
    }),
  ),
});

const retentionResult = z.object({
  kind: z.literal("apply-retention"),
  kept: z.number(),
  removed: z.number(),
});

type RetentionInput = z.output<typeof retentionInput>;
export type RetentionTaskResult = z.output<typeof retentionResult>;

/** Removing the backups of a policy's images that its retention does not keep, as a task. */
export const retentionTask: TaskKind<RetentionInput, RetentionTaskResult, OperationServices> = {
  kind: "apply-retention",
  input: retentionInput,
  result: retentionResult,
  concurrency: () => 1,
  title: ({ policy, sources }) =>
    `Apply the retention of ${policy.name} to ${sources.length === 1 ? "one image" : `${sources.length} images`}`,
  object: ({ cluster }) => ({ kind: "cluster", cluster, spec: cluster }),
  related: () => [],

  async run({ cluster: id, target: targetId, retention, sources }, task, { backups, clusters, inventories }) {
    const done = { kept: 0, removed: 0, failed: [] as { backup: string; error: CoppiceError }[] };
    task.phase("Removing what is not kept");
    try {
      await backups.targets.use(targetId, async (target) => {
        const source = await clusters.get(id).whenOpen();
        for (const [index, { image, ...ids }] of sources.entries()) {
          task.progress(index, sources.length);
          const { signal } = task;
          const rules: RetentionPolicy = retention;
          const result = await pruneBackups({ target, retention: rules, image: ids, source, signal });
          done.kept += result.decisions.length - result.removed.length;
          done.removed += result.removed.length;
          for (const backup of result.removed) {
            task.log(`Removed the backup ${backup.id} of ${image}, of ${backup.pointAt}.`);
          }
          for (const { backup, error } of result.failed) {
            task.log(`The backup ${backup.id} of ${image} stays: ${error.message}`);
            done.failed.push({ backup: backup.id, error });
          }
        }
        task.progress(sources.length, sources.length);
      });
    } finally {
      inventories.get(id).renew();
      await backups.catalogue.renew(targetId);
    }
    const [first] = done.failed;
    if (first !== undefined) throw first.error;
    return { kind: "apply-retention", kept: done.kept, removed: done.removed };
  },

  afterCrash: ({ policy }) => ({
    message: `The server stopped while the retention of ${policy.name} was being applied. What was removed stays removed, and the other backups are whole.`,
    hint: "The next run applies it again.",
    object: null,
  }),
};
