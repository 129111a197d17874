import type { Cluster } from "../cluster/index.ts";
import type { DependantFacts, FindDependants } from "../deletion/index.ts";
import { hasCode } from "../errors/index.ts";
import { type BackupRecord, newestBackup } from "./backup-record.ts";
import { type RetiredSnapshots, retireSnapshots } from "./backup-source.ts";
import type { BackupTarget, CallSignal } from "./backup-target.ts";
import { findBackup } from "./chain-digests.ts";

export interface DeleteBackupOptions extends CallSignal {
  readonly target: BackupTarget;
  /** The backup's id. Any one of its chain can be removed. */
  readonly backup: string;
  /**
   * The cluster of the source. With it, the source's snapshot that the backup was taken from is removed, too, if it is there and no
   * increment needs it.
   */
  readonly source?: Cluster | undefined;
}

export interface DeleteBackupResult {
  readonly backup: BackupRecord;
  /** The snapshots of the source that were removed with it, and those that could not be. */
  readonly retired: RetiredSnapshots;
}

const nothing: RetiredSnapshots = { removed: [], kept: [] };

/**
 * Removes a backup. The others of its chain keep their data and can be restored, verified and built on as before; the chain goes
 * with its last backup. When the process dies, the removal is finished when the chain is opened next, or by `reconcile`.
 *
 * @throws {CoppiceError} `NOT_FOUND`; `BUSY` while another process works on the chain, or a clone of the backup is not flattened;
 * the signal's reason, before anything was removed
 */
export async function deleteBackup(options: DeleteBackupOptions): Promise<DeleteBackupResult> {
  const { target, signal, source } = options;
  const backup = await findBackup(target, options.backup, { signal });
  {
    await using chain = await target.openChain(backup.chain, { signal });
    await chain.remove(backup.id);
  }
  if (source?.fsid !== backup.source.fsid) return { backup, retired: nothing };
  return { backup, retired: await retireUnneeded(source, target, backup) };
}

/** The newest backup of each chain needs its snapshot of the source, and no other one does. */
async function retireUnneeded(
  cluster: Cluster,
  target: BackupTarget,
  { source }: BackupRecord,
): Promise<RetiredSnapshots> {
  const { poolName: pool, namespace, imageName: image } = source;
  const { points } = await target.list({ source });
  const needed = new Set(newestOfChains(points).map((point) => point.source.snapshot.id));
  if (needed.has(source.snapshot.id)) return nothing;
  try {
    return await retireSnapshots(cluster, { pool, namespace, image }, [{ id: "", source }], null);
  } catch (error) {
    // The source is gone, and its snapshots with it.
    if (hasCode(error, "NOT_FOUND")) return nothing;
    throw error;
  }
}

function newestOfChains(points: readonly BackupRecord[]): BackupRecord[] {
  const complete = points.filter(({ state }) => state === "complete");
  const chains = Map.groupBy(complete, ({ chain }) => chain);
  return [...chains.values()].flatMap((some) => newestBackup(some) ?? []);
}

/**
 * What backups need of an image, for `deletionPlan`: the snapshot from which the next increment is taken. Without it the next
 * backup would be full; the backups themselves stay.
 *
 * @example
 * const plan = await deletionPlan(cluster, "rbd/vm-1@backup.…", { findDependants: backupDependants(cluster, [target]) });
 */
export function backupDependants(cluster: Cluster, targets: readonly BackupTarget[]): FindDependants {
  return async ({ pool, namespace, id: imageId }) => {
    const { poolId } = await cluster.pool(pool, namespace);
    const found: DependantFacts[] = [];
    for (const target of targets) {
      const { points } = await target.list({ source: { fsid: cluster.fsid, poolId, imageId } });
      for (const { id, source } of newestOfChains(points)) {
        const what = `the next increment on the backup ${id}`;
        found.push({ what, snapshotId: BigInt(source.snapshot.id) });
      }
    }
    return found;
  };
}
