import { z } from "zod";
import { cloneImage } from "../../clone/index.ts";
import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import { requestFlatten } from "../../flatten/index.ts";
import {
  findImage,
  imageIsUsed,
  openImage,
  removeImage,
  removeOwnImage,
  removeOwnTrash,
} from "../../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import type { Operation, Recover } from "../../operation/index.ts";
import {
  createEmptyImage,
  existsAlready,
  makeNewImage,
  type NewImageLayout,
  newImageOptions,
  type TransferLimits,
  type TransferOptions,
} from "../../transfer/index.ts";
import type { BackupRecord } from "../backup-record.ts";
import type { BackupTarget, CopiedOut } from "../backup-target.ts";
import { compareImage, findBackup, readAllDigests } from "../chain-digests.ts";
import { restoreInPlace } from "./restore-in-place.ts";

/** What a backup is restored to. */
export type RestoreTo =
  /** A new image that holds everything itself, in any pool. */
  | ({ readonly kind: "new"; readonly image: ImageSpecLike } & NewImageLayout)
  /**
   * An image that is there: only what differs from the backup is written, and its size becomes the backup's. Its state before
   * is kept in a snapshot unless `safetySnapshot` is false.
   */
  | {
      readonly kind: "in-place";
      readonly image: ImageSpecLike;
      readonly safetySnapshot?: boolean | undefined;
    }
  /**
   * A clone of the backup, usable at once, in the cluster of the backup's pool. Unless `flatten` is false, it is noted that the
   * clone is to be flattened: until then the backup cannot be removed.
   */
  | { readonly kind: "instant"; readonly image: ImageSpecLike; readonly flatten?: boolean | undefined }
  /** A new file: the bytes, or a diff from nothing for `rbd import-diff`. */
  | { readonly kind: "file"; readonly path: string; readonly format: "raw" | "diff" };

export interface RestoreBackupOptions extends TransferOptions {
  readonly target: BackupTarget;
  /** The backup's id. */
  readonly backup: string;
  readonly to: RestoreTo;
  /**
   * What is restored is compared with the digests of the backup. With `acceptDamaged` a difference is in the result and no
   * error. Default false.
   */
  readonly acceptDamaged?: boolean | undefined;
  readonly limits?: TransferLimits | undefined;
}

export interface RestoreBackupResult {
  readonly backup: BackupRecord;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  /** Bytes that were compared with digests, holes included. */
  readonly bytesVerified: number;
  /** The offsets of blocks that differ from what was backed up, in bytes; empty unless `acceptDamaged`. */
  readonly damaged: readonly number[];
  /** In place: the snapshot that keeps the state before. */
  readonly safetySnapshot: string | null;
  /** In place: whether what differs was found by the snapshot that the backup was taken from, or by the digests. */
  readonly foundBy: "snapshot" | "digests" | null;
}

/**
 * Restores a backup, and compares what was restored with its digests.
 *
 * A new image that could not be restored is removed again. An image that could not be restored in place is returned to its
 * state before, if that was kept.
 *
 * @param cluster The cluster of the image that is restored.
 * @throws {CoppiceError} `NOT_FOUND` for the backup or its data; `EXISTS`; `BUSY` while a client uses the image that is restored in
 * place, with its address; `VERIFICATION_FAILED`, naming the block, when the data is not what was backed up; `UNSUPPORTED` for
 * an instant restore from elsewhere; `NO_SPACE`, `QUOTA_EXCEEDED`, `LEASE_LOST`; the signal's reason
 */
export async function restoreBackup(
  cluster: Cluster,
  options: RestoreBackupOptions,
): Promise<RestoreBackupResult> {
  const { target, to, signal } = options;
  const backup = await findBackup(target, options.backup, { signal });
  const none = {
    bytesRead: 0,
    bytesWritten: 0,
    bytesVerified: 0,
    damaged: [],
    safetySnapshot: null,
    foundBy: null,
  };
  switch (to.kind) {
    case "new":
      return { ...none, backup, ...(await restoreNew(cluster, backup, to, options)) };
    case "in-place": {
      const digests = await readAllDigests(target, backup, { signal });
      return { ...none, backup, ...(await restoreInPlace(cluster, backup, digests, { ...options, to })) };
    }
    case "instant":
      await restoreInstantly(cluster, backup, to, options);
      return { ...none, backup };
    case "file":
      return { ...none, backup, ...(await restoreFile(backup, to, options)) };
  }
}

const detailsSchema = z.strictObject({
  version: z.literal(1),
  /** Everything is there and was compared; only the record has to go. */
  isWhole: z.boolean(),
});
const detailsOf = (isWhole: boolean): z.infer<typeof detailsSchema> => ({ version: 1, isWhole });

type Restored = Pick<RestoreBackupResult, "bytesRead" | "bytesWritten" | "bytesVerified" | "damaged">;

async function restoreNew(
  cluster: Cluster,
  backup: BackupRecord,
  { image, ...layout }: Extract<RestoreTo, { kind: "new" }>,
  options: RestoreBackupOptions,
): Promise<Restored> {
  const { target, limits, onProgress } = options;
  const place = toImageOnly(image);
  const digests = await readAllDigests(target, backup, { signal: options.signal });
  const how = { kind: "restore", call: "restoreBackup", signal: options.signal } as const;
  return await makeNewImage(cluster, place, how, async (operation, undo) => {
    const { signal } = operation;
    if (operation.interrupted !== null) await endInterrupted(cluster, place, operation);
    await operation.update(detailsOf(false));
    const create = newImageOptions(backup.objectSize, layout);
    await createEmptyImage(cluster, place, create, operation, undo);
    const copied = await target.copyOut(backup, { cluster, image: place }, { limits, onProgress, signal });
    const checked = await compareImage(cluster, place, backup, digests, { ...options, signal });
    await operation.update(detailsOf(true));
    return { ...pickBytes(copied), ...checked };
  });
}

function pickBytes({ bytesRead, bytesWritten }: CopiedOut): CopiedOut {
  return { bytesRead, bytesWritten };
}

async function restoreInstantly(
  cluster: Cluster,
  backup: BackupRecord,
  { image, flatten = true }: Extract<RestoreTo, { kind: "instant" }>,
  { target, signal }: RestoreBackupOptions,
): Promise<void> {
  const { location } = target;
  const { stored } = backup;
  if (location.kind !== "pool" || location.fsid !== cluster.fsid || stored.kind !== "snapshot") {
    throw notInCluster(backup);
  }
  const { pool, namespace } = location;
  const source = { pool, namespace, image: stored.image, snapshot: stored.name };
  await refuseOther(cluster, backup, source, BigInt(stored.id));
  await cloneImage(cluster, { source, target: image, signal });
  if (flatten) await requestFlatten(cluster, image);
}

export function notInCluster({ id }: BackupRecord): CoppiceError {
  return new CoppiceError({
    code: "UNSUPPORTED",
    call: "restoreBackup",
    object: id,
    message: `the backup ${id} is not in the cluster of the image that is to be restored, so it cannot be cloned`,
    hint: "Restore it to a new image.",
  });
}

/** A snapshot of that name may be another one than the backup's. */
async function refuseOther(
  cluster: Cluster,
  { id, size }: BackupRecord,
  source: Required<ImageSpec>,
  snapshotId: bigint,
): Promise<void> {
  await using image = await openImage(cluster, source);
  const object = showImageSpec(source);
  const snapshots = await withCoppiceErrors({ object }, () => image.listSnapshots());
  if (snapshots.some((each) => each.id === snapshotId && each.size === size)) return;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "restoreBackup",
    object,
    message: `the data of the backup ${id} is not there: ${object} is another snapshot than the backup's`,
    hint: "Another program made it. Restore another backup.",
  });
}

/** The point is checked before the file is written: what is written then comes from the same place. */
async function restoreFile(
  backup: BackupRecord,
  { path, format }: Extract<RestoreTo, { kind: "file" }>,
  options: RestoreBackupOptions,
): Promise<Pick<Restored, "bytesVerified">> {
  const { target, signal, limits, onProgress } = options;
  const digests = await readAllDigests(target, backup, { signal });
  const checked = await target.check(backup, "deep", { digests, signal, limits });
  if (!checked.ok && options.acceptDamaged !== true) {
    throw new CoppiceError({
      code: "VERIFICATION_FAILED",
      call: "restoreBackup",
      object: backup.id,
      message: `the backup ${backup.id} does not hold what was backed up: ${checked.problems.join("; ")}`,
      hint: "Restore another backup of the image, or accept the damage with `acceptDamaged`.",
    });
  }
  await target.copyToFile(backup, path, { format, signal, onProgress });
  return { bytesVerified: checked.bytes };
}

/**
 * Removes the image that an interrupted restore left under the name.
 *
 * @throws {CoppiceError} `EXISTS` when it was whole: somebody may be using it
 */
async function endInterrupted(cluster: Cluster, place: ImageSpec, operation: Operation): Promise<void> {
  const { outcome, what } = await recoverRestore(cluster, operation);
  if (outcome === "undone") return;
  if (outcome === "finished") {
    await operation.end();
    throw existsAlready(place, "restoreBackup");
  }
  throw new CoppiceError({
    code: "INCOMPLETE",
    call: "restoreBackup",
    object: showImageSpec(place),
    message: `an interrupted restore left ${showImageSpec(place)}: ${what}`,
    hint: "Remove the image, or choose another name.",
  });
}

/** Removes the image that an interrupted restore was making, or ends the restore of one that is whole. */
export const recoverRestore: Recover = async (cluster, operation) => {
  const { place, record } = operation;
  const object = showImageSpec(place);
  const what = `what a restore left of ${object} could not be examined`;
  return await withCoppiceErrors({ object, what }, async () => {
    const isWhole = detailsSchema.safeParse(record.details).data?.isWhole ?? false;
    const found = await findImage(cluster, place, record.clients);
    if (found.state === "partly-created") await removeImage(cluster, place);
    if (found.state === "created") {
      if (isWhole) return { outcome: "finished", what: `${object} is restored` };
      if (await isUsedByOthers(cluster, place, operation)) {
        return { outcome: "left", what: `${object} holds a part of a backup, and somebody uses it` };
      }
      await removeOwnImage(cluster, place, found.id, operation);
    }
    await removeOwnTrash(cluster, place, record.clients);
    return { outcome: "undone", what: `there is nothing left of the restore to ${object}` };
  });
};

async function isUsedByOthers(cluster: Cluster, place: ImageSpec, operation: Operation): Promise<boolean> {
  await using image = await openImage(cluster, place, { readOnly: true, allowIncomplete: true });
  return await imageIsUsed(cluster, image, operation, { data: true });
}
