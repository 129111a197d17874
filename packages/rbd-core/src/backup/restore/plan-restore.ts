import { stat } from "node:fs/promises";
import type { Cluster } from "../../cluster/index.ts";
import { readUsers } from "../../deletion/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { type DigestManifest, existsAlready } from "../../transfer/index.ts";
import type { BackupRecord } from "../backup-record.ts";
import type { BackupTarget, CallSignal } from "../backup-target.ts";
import { findBackup, readAllDigests } from "../chain-digests.ts";
import { notInCluster, type RestoreTo } from "./restore-backup.ts";
import { changedSinceSnapshot, imageInUse, joinRanges } from "./restore-in-place.ts";

export interface PlanRestoreOptions extends CallSignal {
  readonly target: BackupTarget;
  /** The backup's id. */
  readonly backup: string;
  readonly to: RestoreTo;
}

/** What a restore would do. */
export interface RestorePlan {
  readonly backup: BackupRecord;
  /** The size of what is restored, in bytes. */
  readonly size: number;
  /** About how many bytes would be written, at most; for an instant restore, those that are copied later. */
  readonly bytesToWrite: number;
  /**
   * How that is known: `data`: everything that the backup holds. `changes`: what was written to the image since the backup's
   * snapshot. `comparison`: only reading the whole image tells, so it is what the backup holds.
   */
  readonly estimatedBy: "data" | "changes" | "comparison";
  /** In place: the image's size now, in bytes. */
  readonly currentSize: number | null;
  /** What the restore would be refused for, as it stands. */
  readonly conflicts: readonly CoppiceError[];
  /** Whole sentences. */
  readonly warnings: readonly string[];
}

/**
 * Finds out what `restoreBackup` would do, and what prevents it. Changes nothing.
 *
 * @param cluster The cluster of the image that would be restored; not used for a file.
 * @throws {CoppiceError} `NOT_FOUND` for the backup; what prevents the target or the image from being read
 *
 * @example
 * const plan = await planRestore(cluster, { target, backup: id, to: { kind: "in-place", image: "rbd/vm-1" } });
 * for (const { message } of plan.conflicts) console.log(message);
 */
export async function planRestore(cluster: Cluster, options: PlanRestoreOptions): Promise<RestorePlan> {
  const { target, to, signal } = options;
  const backup = await findBackup(target, options.backup, { signal });
  const conflicts: CoppiceError[] = [];
  const data = await dataOf(target, backup, conflicts, signal);
  const warnings = checkWarnings(backup);
  const plan = { backup, size: backup.size, currentSize: null, conflicts, warnings };
  switch (to.kind) {
    case "file":
      if (await isThere(to.path)) conflicts.push(fileExists(to.path));
      return { ...plan, bytesToWrite: data, estimatedBy: "data" };
    case "in-place": {
      const found = await inspectImage(cluster, to.image, backup, { conflicts, warnings, signal });
      const { changed, currentSize } = found;
      if (changed === null) return { ...plan, currentSize, bytesToWrite: data, estimatedBy: "comparison" };
      return { ...plan, currentSize, bytesToWrite: changed, estimatedBy: "changes" };
    }
    default: {
      const { location } = target;
      const isElsewhere = location.kind !== "pool" || location.fsid !== cluster.fsid;
      if (to.kind === "instant" && isElsewhere) conflicts.push(notInCluster(backup));
      await refuseExisting(cluster, to.image, conflicts);
      const { availableBytes } = await cluster.usage({ signal });
      if (availableBytes < data) {
        warnings.push(`The cluster has ${availableBytes} bytes left, and the backup holds up to ${data}.`);
      }
      return { ...plan, bytesToWrite: data, estimatedBy: "data" };
    }
  }
}

/** How much a point holds at most, by its digests; its size when they cannot be read, which is a conflict. */
async function dataOf(
  target: BackupTarget,
  backup: BackupRecord,
  conflicts: CoppiceError[],
  signal: AbortSignal | undefined,
): Promise<number> {
  try {
    return bytesOf(await readAllDigests(target, backup, { signal }));
  } catch (error) {
    if (!(error instanceof CoppiceError) || !(hasCode(error, "NOT_FOUND") || hasCode(error, "IO")))
      throw error;
    conflicts.push(error);
    return backup.size;
  }
}

/** How many bytes some digests and what is unknown cover. Pure. */
export function bytesOf({ blocks, unknown }: Pick<DigestManifest, "blocks" | "unknown">): number {
  let bytes = 0;
  for (const { runs } of [...blocks, ...unknown]) {
    for (let i = 1; i < runs.length; i += 2) bytes += runs[i] ?? 0;
  }
  return bytes;
}

function checkWarnings({ checks, id }: BackupRecord): string[] {
  return Object.entries(checks).flatMap(([depth, check]) =>
    check?.ok === false
      ? [
          `The ${depth} check of the backup ${id} of ${check.at} found wrong data: ${check.problems[0] ?? "no details"}.`,
        ]
      : [],
  );
}

async function inspectImage(
  cluster: Cluster,
  like: ImageSpecLike,
  backup: BackupRecord,
  found: {
    readonly conflicts: CoppiceError[];
    readonly warnings: string[];
    readonly signal: AbortSignal | undefined;
  },
): Promise<{ changed: number | null; currentSize: number | null }> {
  const { conflicts, warnings, signal } = found;
  const place = toImageOnly(like);
  const object = showImageSpec(place);
  try {
    await using image = await openImage(cluster, place, { readOnly: true });
    return await withCoppiceErrors({ object, what: `${object} could not be examined` }, async () => {
      const users = await readUsers(image, signal);
      const inUse = imageInUse(place, users);
      if (inUse !== null) conflicts.push(inUse);
      const currentSize = await image.size({ signal });
      if (currentSize !== backup.size) {
        const how = currentSize > backup.size ? "shrinks" : "grows";
        warnings.push(`The image ${how} from ${currentSize} to ${backup.size} bytes.`);
      }
      const ranges = await changedSinceSnapshot(cluster, place, backup, signal);
      if (ranges === null) {
        warnings.push(
          "All of the image is read to find what differs: it does not have the backup's snapshot any more.",
        );
        return { changed: null, currentSize };
      }
      const changed = joinRanges(ranges, backup.size).reduce((sum, { length }) => sum + length, 0);
      return { changed, currentSize };
    });
  } catch (error) {
    if (!(error instanceof CoppiceError) || !(hasCode(error, "NOT_FOUND") || hasCode(error, "INCOMPLETE")))
      throw error;
    conflicts.push(error);
    return { changed: null, currentSize: null };
  }
}

async function refuseExisting(
  cluster: Cluster,
  like: ImageSpecLike,
  conflicts: CoppiceError[],
): Promise<void> {
  const place = toImageOnly(like);
  try {
    await cluster.pool(place.pool, place.namespace);
    await using _image = await openImage(cluster, place, { readOnly: true });
    conflicts.push(existsAlready(place, "restoreBackup"));
  } catch (error) {
    // What an interrupted creation left is removed by the restore.
    if (hasCode(error, "INCOMPLETE")) return;
    if (!(error instanceof CoppiceError) || !hasCode(error, "NOT_FOUND")) throw error;
    const pools = await cluster.listPools();
    if (!pools.some(({ name }) => name === place.pool)) conflicts.push(error);
    else if (
      place.namespace !== "" &&
      !(await cluster.listNamespaces(place.pool)).includes(place.namespace)
    ) {
      conflicts.push(noNamespace(place.pool, place.namespace));
    }
  }
}

function noNamespace(pool: string, namespace: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "planRestore",
    object: `${pool}/${namespace}`,
    message: `the pool ${pool} has no namespace ${namespace}`,
    hint: "Create it, or choose another one.",
  });
}

async function isThere(path: string): Promise<boolean> {
  try {
    await stat(path);
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return false;
    throw error;
  }
}

function fileExists(path: string): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call: "restoreBackup",
    object: path,
    message: `${path} exists already`,
    hint: "Choose another name, or remove the file.",
  });
}
