import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import type { FindDependants } from "./deletion-facts.ts";
import { type DeletionPlan, deletionPlan } from "./deletion-plan.ts";
import { executeDeletion } from "./execute-deletion.ts";
import { listTrash, type TrashRow } from "./trash.ts";

export interface PurgeTrashOptions {
  /** Names of the pools to look in. Default: all. */
  pools?: readonly string[];
  /** Only what had expired at this moment. Default: now. */
  expiredBefore?: Date;
  /** Also images with snapshots of their own. Default: they are kept. */
  withSnapshots?: boolean;
  /** Say what would be done, and do nothing. */
  dryRun?: boolean;
  findDependants?: FindDependants;
  signal?: AbortSignal;
  /** After each image. */
  onProgress?(progress: { done: number; total: number }): void;
}

export interface PurgedImage {
  image: TrashRow;
  /** `removed` stands for "would be removed" in a dry run. */
  state: "removed" | "kept" | "failed";
  /** Why it was kept, or what failed. */
  reason: string | null;
  /** Bytes freed, as far as object maps can tell. */
  freed: number | null;
}

/**
 * Removes what has expired in the trash. An image is kept, with the reason, while something needs it: nothing
 * is flattened and no clone is touched. One image that fails does not stop the others.
 *
 * @throws {CoppiceError} when the cluster itself cannot be asked
 * @throws the signal's reason
 */
export async function purgeTrash(cluster: Cluster, options: PurgeTrashOptions = {}): Promise<PurgedImage[]> {
  const { signal, pools } = options;
  const now = options.expiredBefore ?? new Date();
  const listed = await listTrash(cluster, {
    now,
    ...(pools === undefined ? {} : { pools }),
    ...(signal === undefined ? {} : { signal }),
  });
  const expired = listed.rows.filter((row) => row.expired);
  const purged: PurgedImage[] = [];
  for (const image of expired) {
    signal?.throwIfAborted();
    try {
      purged.push(await purgeOne(cluster, image, options));
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      purged.push({ image, state: "failed", reason: error.message, freed: null });
    }
    options.onProgress?.({ done: purged.length, total: expired.length });
  }
  return purged;
}

async function purgeOne(
  cluster: Cluster,
  image: TrashRow,
  { withSnapshots = false, dryRun = false, findDependants, signal }: PurgeTrashOptions,
): Promise<PurgedImage> {
  const dependants = findDependants === undefined ? {} : { findDependants };
  const abort = signal === undefined ? {} : { signal };
  const plan = await deletionPlan(cluster, image, { ...dependants, ...abort });
  const keptBecause = whyKept(plan, withSnapshots);
  if (keptBecause !== null) return { image, state: "kept", reason: keptBecause, freed: null };
  const freed = plan.ways[0]?.frees?.bytes ?? null;
  if (dryRun) return { image, state: "removed", reason: null, freed };
  const outcome = await executeDeletion(cluster, plan, { way: "remove", ...dependants, ...abort });
  return outcome.state === "done"
    ? { image, state: "removed", reason: null, freed }
    : { image, state: "kept", reason: outcome.reason, freed: null };
}

/** `null`: it can go. */
function whyKept(plan: DeletionPlan, withSnapshots: boolean): string | null {
  if (plan.ways.some(({ way }) => way === "trash")) return "it was restored meanwhile";
  const inTheWay = plan.blockers.filter(
    ({ kind, closes }) =>
      closes.length > 0 ||
      kind === "child" ||
      (!withSnapshots && (kind === "snapshot" || kind === "protected")),
  );
  return inTheWay.length === 0 ? null : inTheWay.map(({ message }) => message).join("; ");
}
