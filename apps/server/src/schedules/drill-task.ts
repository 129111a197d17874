import {
  type Cluster,
  CoppiceError,
  deleteVolume,
  formatImageSpec,
  type RestoreBackupOptions,
  restoreBackup,
  type TransferProgress,
} from "rbd-core";
import { z } from "zod";
import { clusterId, typedSpec } from "../api/schemas.ts";
import type { OperationServices } from "../operations/operation-services.ts";
import { imageObject } from "../tasks/task.ts";
import type { TaskKind } from "../tasks/task-kind.ts";
import { DRILL_PREFIX } from "./policy.ts";

const drillInput = z.object({
  cluster: clusterId,
  /** Whose backup is tried: `pool/[namespace/]image`. */
  image: typedSpec,
  /** The target's id. */
  target: z.uuid(),
  backup: z.string().min(1).max(64),
  /** The scratch image: `pool/image`. */
  scratch: typedSpec,
});

const drillResult = z.object({
  kind: z.literal("restore-drill"),
  image: z.string(),
  backup: z.string(),
  /** Bytes that were compared with digests, holes included. */
  bytesVerified: z.number(),
  bytesWritten: z.number(),
  /** How long the restore took, with its comparison and without the removal. */
  seconds: z.number(),
});

type DrillInput = z.output<typeof drillInput>;
export type DrillTaskResult = z.output<typeof drillResult>;

/** The name of a scratch image. Only attempts at the same item have the same. */
export function scratchSpec(pool: string, item: { runId: string; seq: number }): string {
  return formatImageSpec({ pool, namespace: "", image: `${DRILL_PREFIX}${item.runId}-${item.seq}` });
}

const PHASES: Record<TransferProgress["phase"], string> = {
  planning: "Preparing the restore",
  copying: "Restoring",
  verifying: "Comparing with the digests",
  finishing: "Finishing",
};

/** Restoring a backup to a scratch image, which compares everything with its digests, and removing that image again. */
export const drillTask: TaskKind<DrillInput, DrillTaskResult, OperationServices> = {
  kind: "restore-drill",
  input: drillInput,
  result: drillResult,
  concurrency: () => 1,
  title: ({ image }) => `Restore drill of ${image}`,
  object: ({ cluster, image }) => imageObject(cluster, image),
  related: ({ cluster, scratch }) => [imageObject(cluster, scratch)],

  async run(
    { cluster: id, image, target: targetId, backup, scratch },
    task,
    { clusters, backups, inventories },
  ) {
    let phase: string | null = null;
    const began = performance.now();
    try {
      return await clusters.get(id).use((cluster) =>
        backups.targets.use(targetId, async (target) => {
          const restored = await restoreAnew(cluster, scratch, {
            target,
            backup,
            to: { kind: "new", image: scratch },
            signal: task.signal,
            onProgress(progress) {
              if (progress.phase !== phase) task.phase(PHASES[progress.phase], "bytes");
              phase = progress.phase;
              task.progress(progress.done, progress.total === 0 ? null : progress.total);
            },
          });
          const seconds = (performance.now() - began) / 1000;
          task.log(`Restored and compared in ${seconds.toFixed(1)} s.`);
          task.phase("Removing the scratch image");
          // Also when the task was canceled meanwhile: nobody else would remove it.
          await deleteVolume(cluster, { volume: scratch, ifExists: true });
          const { bytesVerified, bytesWritten } = restored;
          return { kind: "restore-drill" as const, image, backup, bytesVerified, bytesWritten, seconds };
        }),
      );
    } finally {
      inventories.get(id).renew();
    }
  },

  afterCrash: ({ image, scratch }) => ({
    message: `The server stopped during a restore drill of ${image}. The scratch image ${scratch} may still be there.`,
    hint: "It is tried again, and then the image is removed. If it stays: no policy chooses it, and it can be deleted.",
    object: scratch,
  }),
};

/** Restores, after removing what an earlier attempt has restored completely and could not remove any more. */
async function restoreAnew(cluster: Cluster, scratch: string, options: RestoreBackupOptions) {
  try {
    return await restoreBackup(cluster, options);
  } catch (error) {
    if (!(error instanceof CoppiceError && error.code === "EXISTS")) throw error;
    await deleteVolume(cluster, { volume: scratch, ifExists: true });
    return await restoreBackup(cluster, options);
  }
}
