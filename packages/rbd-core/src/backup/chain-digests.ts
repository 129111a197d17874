import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import type { ImageSpec } from "../names/index.ts";
import {
  type DigestManifest,
  type MergedManifest,
  mergeManifests,
  type TransferLimits,
  type VerifyDigestsResult,
  verifyDigests,
} from "../transfer/index.ts";
import type { BackupRecord } from "./backup-record.ts";
import type { BackupTarget, CallSignal, CheckFindings } from "./backup-target.ts";

/** The record of a backup that is there to be used. @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` */
export async function findBackup(
  target: BackupTarget,
  id: string,
  options: CallSignal = {},
): Promise<BackupRecord> {
  const found = await target.find(id, options);
  if (found?.state === "complete") return found;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "findBackup",
    object: id,
    message: found === null ? `the target has no backup ${id}` : `the backup ${id} is being removed`,
    hint: "List the backups of the target.",
  });
}

/**
 * The points that a backup's digests build on, oldest first, with itself: from the last one without a parent on. Pure.
 *
 * @throws {CoppiceError} `NOT_FOUND` when one of them is missing
 */
export function digestPath(points: readonly BackupRecord[], backup: BackupRecord): readonly BackupRecord[] {
  const byId = new Map(points.map((point) => [point.id, point]));
  const path = [backup];
  for (let parent = backup.parent; parent !== null; ) {
    const point = byId.get(parent);
    if (point === undefined || path.includes(point)) throw brokenPath(backup, parent);
    path.unshift(point);
    parent = point.parent;
  }
  return path;
}

function brokenPath({ id, chain }: BackupRecord, parent: string): CoppiceError {
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "digestPath",
    object: id,
    message: `the digests of the backup ${id} build on the backup ${parent}, which is missing from the chain ${chain}`,
    hint: "The data may be whole all the same, but nothing proves it. Make a full backup.",
  });
}

/**
 * The digests of everything at a backup: those of its chain, merged.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `IO` when those of one point are missing or damaged
 */
export async function readAllDigests(
  target: BackupTarget,
  backup: BackupRecord,
  options: CallSignal = {},
): Promise<MergedManifest> {
  const path = digestPath(await target.points(backup.chain, options), backup);
  const manifests = [];
  for (const point of path) manifests.push(await target.readDigests(point, options));
  return mergeManifests(manifests);
}

/** How many problems a record keeps. */
const problemsKept = 8;

/**
 * What a comparison with digests found, for a check's result. Pure.
 *
 * @param how What is wrong with a block: it "differs".
 */
export function digestFindings(
  { verified, wrong }: Pick<VerifyDigestsResult, "verified" | "wrong">,
  { blockSize }: Pick<DigestManifest, "blockSize">,
  how: string,
): CheckFindings {
  const problems = wrong
    .slice(0, problemsKept)
    .map(({ block }) => `the block ${block}, at ${block * blockSize} bytes, ${how}`);
  return { ok: wrong.length === 0, bytes: verified, problems, problemCount: wrong.length };
}

export interface CompareOptions extends CallSignal {
  /** A difference is a part of the result and no error. */
  readonly acceptDamaged?: boolean | undefined;
  readonly limits?: TransferLimits | undefined;
}

export interface ComparedImage {
  readonly bytesVerified: number;
  /** The offsets of the blocks that differ, in bytes. */
  readonly damaged: readonly number[];
}

/** Compares an image's head with digests. @throws {CoppiceError} `VERIFICATION_FAILED` unless damage is accepted */
export async function compareImage(
  cluster: Cluster,
  place: ImageSpec,
  backup: BackupRecord,
  manifest: DigestManifest,
  { acceptDamaged, limits, signal }: CompareOptions,
): Promise<ComparedImage> {
  const { verified, wrong } = await verifyDigests(cluster, {
    image: place,
    snapshot: null,
    manifest,
    limits,
    signal,
  });
  const damaged = [...new Set(wrong.map(({ block }) => block * manifest.blockSize))];
  if (damaged.length > 0 && acceptDamaged !== true) throw damage(backup, damaged);
  return { bytesVerified: verified, damaged };
}

export function damage(backup: BackupRecord, offsets: readonly number[]): CoppiceError {
  const blocks = offsets.length === 1 ? "1 block" : `${offsets.length} blocks`;
  return new CoppiceError({
    code: "VERIFICATION_FAILED",
    call: "restoreBackup",
    object: backup.id,
    message: `the backup ${backup.id} does not hold what was backed up: ${blocks} of ${backup.objectSize} bytes differ, the first at offset ${offsets[0]}`,
    hint: "Restore another backup of the image, or accept the damage with `acceptDamaged`.",
  });
}
