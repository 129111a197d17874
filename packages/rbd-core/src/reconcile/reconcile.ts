import {
  type FindBackupTarget,
  recoverBackup,
  recoverChain,
  recoverChainImport,
  recoverInPlace,
  recoverRestore,
  recoverSync,
} from "../backup/index.ts";
import { recoverClone } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { recoverRemoval, removalKinds } from "../deletion/index.ts";
import { CoppiceError, hasCode } from "../errors/index.ts";
import { recoverFlatten } from "../flatten/index.ts";
import { recoverMirror } from "../mirror/index.ts";
import { showImageSpec } from "../names/index.ts";
import {
  beginOperation,
  type ListOperationsOptions,
  listOperations,
  type OperationInfo,
  type Recover,
  recoverLeftovers,
  useRecoveries,
} from "../operation/index.ts";
import { recoverSet } from "../snapshot-set/index.ts";
import { recoverCopy, recoverImport } from "../transfer/index.ts";
import { recoverRollback, recoverVolumeSnapshot } from "../volume/index.ts";

// How every kind of operation is finished or undone, here and by the next call that makes an image.
useRecoveries({
  clone: recoverClone,
  volume: recoverClone,
  capture: recoverClone,
  copy: recoverCopy,
  import: recoverImport,
  backup: (cluster, operation) => recoverBackup(cluster, operation),
  "backup-chain": recoverChain,
  "backup-import": recoverChainImport,
  restore: recoverRestore,
  "restore-in-place": recoverInPlace,
  "consistent-snapshots": recoverSet,
  sync: recoverSync,
  mirror: recoverMirror,
  flatten: recoverFlatten,
  rollback: recoverRollback,
  snapshot: recoverVolumeSnapshot,
  ...Object.fromEntries(removalKinds.map((kind): [string, Recover] => [kind, recoverRemoval])),
});

/** What became of one interrupted operation. */
export interface ReconciledOperation {
  /** The operation as it was found. */
  readonly operation: OperationInfo;
  /**
   * - `finished`: what it made is whole, and stays.
   * - `undone`: nothing of it is left.
   * - `left`: something of it is left, because somebody uses it.
   * - `skipped`: a process works on it, or its record cannot be read.
   * - `failed`: it could not be finished or undone, see `error`.
   */
  readonly outcome: "finished" | "undone" | "left" | "skipped" | "failed";
  /** What stands on the cluster now; one sentence without a full stop. */
  readonly what: string;
  readonly error: CoppiceError | null;
}

export interface ReconcileOptions extends ListOperationsOptions {
  /** Which operations to finish or undo. Default: all that were interrupted. */
  readonly only?: ((operation: OperationInfo) => boolean) | undefined;
  /**
   * Finds the target of an interrupted backup that is a directory, or in another cluster. Without it such a backup is `left`
   * until the next one to that target.
   */
  readonly backupTargetAt?: FindBackupTarget | undefined;
  /** Called after each operation, with what became of it. */
  readonly onProgress?: ((progress: ReconcileProgress) => void) | undefined;
}

export interface ReconcileProgress {
  readonly done: number;
  readonly total: number;
  readonly last: ReconciledOperation;
}

/**
 * Finishes or undoes everything that was interrupted in a cluster, by what stands on it: operations whose process died, or
 * lost its lease, and on which nobody works now. Operations that are under way are not touched. It may be interrupted and
 * called again, and in several processes at the same time. Flattens, which may take hours, come last.
 *
 * @throws {CoppiceError} when the operations cannot be listed; the signal's reason. What happens to one operation is in the
 * result.
 */
export async function reconcile(
  cluster: Cluster,
  options: ReconcileOptions = {},
): Promise<ReconciledOperation[]> {
  const { only = () => true, signal, onProgress } = options;
  const isFlatten = ({ kind }: OperationInfo) => Number(kind === "flatten");
  const operations = (await listOperations(cluster, options)).filter(only);
  operations.sort((a, b) => isFlatten(a) - isFlatten(b));
  const reconciled: ReconciledOperation[] = [];
  for (const operation of operations) {
    signal?.throwIfAborted();
    const last = await reconcileOne(cluster, operation, options);
    reconciled.push(last);
    onProgress?.({ done: reconciled.length, total: operations.length, last });
  }
  return reconciled;
}

async function reconcileOne(
  cluster: Cluster,
  operation: OperationInfo,
  { signal, backupTargetAt: targetAt }: ReconcileOptions,
): Promise<ReconciledOperation> {
  const { image, purpose, kind, state, error } = operation;
  const object = showImageSpec(image);
  if (kind === null || error !== null) {
    return { operation, outcome: "skipped", what: `the record of ${object} cannot be read`, error };
  }
  if (state === "running") {
    return { operation, outcome: "skipped", what: `a process is working on ${object}`, error: null };
  }
  try {
    await using taken = await beginOperation(cluster, { image, purpose, kind, details: null, signal });
    // Another process was quicker.
    if (taken.interrupted === null) {
      await taken.end();
      return { operation, outcome: "skipped", what: `another process has dealt with ${object}`, error: null };
    }
    const isBackup = taken.interrupted.kind === "backup";
    const recovery = isBackup
      ? await recoverBackup(cluster, taken, { targetAt })
      : await recoverLeftovers(cluster, taken);
    if (recovery.outcome !== "left") await taken.end();
    return { operation, ...recovery, error: null };
  } catch (cause) {
    signal?.throwIfAborted();
    if (!(cause instanceof CoppiceError)) throw cause;
    if (hasCode(cause, "BUSY") && cause.call === "beginOperation") {
      return { operation, outcome: "skipped", what: `a process is working on ${object}`, error: null };
    }
    return { operation, outcome: "failed", what: cause.message, error: cause };
  }
}
