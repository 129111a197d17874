import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import type { BackupRecord } from "./backup-record.ts";
import type { BackupTarget, CallSignal, SourceImage } from "./backup-target.ts";
import { deleteBackup } from "./delete-backup.ts";
import {
  checkRetention,
  planRetention,
  type RetentionDecision,
  type RetentionPoint,
  type RetentionPolicy,
} from "./retention.ts";

export interface PruneBackupsOptions extends CallSignal {
  readonly target: BackupTarget;
  readonly retention: RetentionPolicy;
  /** Only the backups of this image; those of every image in the target without it, each image by itself. */
  readonly image?: SourceImage | undefined;
  /** Decides and removes nothing. Default false. */
  readonly dryRun?: boolean | undefined;
  /** The cluster of the sources: with it, their snapshots that no increment needs any more are removed too. */
  readonly source?: Cluster | undefined;
  /** Called before each removal, with those done so far and all of them. */
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

/** A backup as retention sees it. */
export interface RetainedBackup extends RetentionPoint {
  readonly backup: BackupRecord;
}

export interface PruneBackupsResult {
  /** For every backup: why it is kept, or no reason. Oldest first, image by image. */
  readonly decisions: readonly RetentionDecision<RetainedBackup>[];
  readonly removed: readonly BackupRecord[];
  /** Backups that should have been removed and are still there: a clone depends on one, or another process works on its chain. */
  readonly failed: readonly { readonly backup: BackupRecord; readonly error: CoppiceError }[];
}

/**
 * Removes the backups that a retention does not keep. Those that are kept can be restored as before, wherever in their chains
 * the others were. A backup that cannot be removed now does not keep the others from being removed.
 *
 * A backup that a check found damaged, or whose data is missing, is kept and counts for nothing: otherwise it could displace
 * a good one.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a policy that keeps nothing; what prevents the target from being listed; the
 * signal's reason
 *
 * @example
 * await pruneBackups({ target, retention: { daily: 7, weekly: 4, monthly: 12, timeZone: "Europe/Berlin" } });
 */
export async function pruneBackups(options: PruneBackupsOptions): Promise<PruneBackupsResult> {
  const { target, retention, image, signal, source } = options;
  checkRetention(retention);
  const { points, problems } = await target.list({ source: image, signal });
  const unusable = new Set(problems.map(({ id }) => id));
  const decisions = planPruning(points, unusable, retention);
  const doomed = decisions.filter(({ reasons }) => reasons.length === 0).map(({ point }) => point.backup);
  const removed: BackupRecord[] = [];
  const failed: { backup: BackupRecord; error: CoppiceError }[] = [];
  if (options.dryRun === true) return { decisions, removed, failed };
  // Newest first: what is merged into a later point is then merged once, and a full backup last.
  for (const [done, backup] of doomed.toReversed().entries()) {
    signal?.throwIfAborted();
    options.onProgress?.({ done, total: doomed.length });
    try {
      await deleteBackup({ target, backup: backup.id, source, signal });
      removed.push(backup);
    } catch (error) {
      signal?.throwIfAborted();
      if (!(error instanceof CoppiceError)) throw error;
      failed.push({ backup, error });
    }
  }
  return { decisions, removed, failed };
}

/**
 * Decides about the backups of each image. Pure.
 *
 * @param unusable The ids of backups whose data is known to be missing.
 */
export function planPruning(
  backups: readonly BackupRecord[],
  unusable: ReadonlySet<string>,
  retention: RetentionPolicy,
): RetentionDecision<RetainedBackup>[] {
  const byImage = Map.groupBy(backups, ({ source }) => `${source.fsid} ${source.poolId} ${source.imageId}`);
  return [...byImage.values()].flatMap((ofImage) => {
    const points = ofImage
      .filter(({ state }) => state === "complete")
      .map((backup) => ({
        id: backup.id,
        time: new Date(backup.pointAt),
        isRestorable:
          !unusable.has(backup.id) && Object.values(backup.checks).every((check) => check?.ok !== false),
        isProtected: backup.protected,
        backup,
      }))
      .toSorted((a, b) => a.time.getTime() - b.time.getTime());
    return planRetention(points, retention);
  });
}
