import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type TransferLimits, verifyDigests } from "../transfer/index.ts";
import type { BackupRecord, CheckDepth, PointCheck } from "./backup-record.ts";
import type { BackupTarget, CheckFindings } from "./backup-target.ts";
import { digestFindings, findBackup, readAllDigests } from "./chain-digests.ts";

export interface VerifyBackupOptions {
  readonly target: BackupTarget;
  /** The backup's id. */
  readonly backup: string;
  /**
   * - `quick`: that everything is there, with its ids and sizes, and a sample of the data. Seconds.
   * - `deep` (default): reads all of the data and compares it with the digests.
   * - `source`: compares the digests with the snapshot that the backup was taken from, while the source has it.
   */
  readonly depth?: CheckDepth | undefined;
  /** For `source`: the cluster of the source. */
  readonly source?: Cluster | undefined;
  readonly limits?: TransferLimits | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
  /** Default: the clock. */
  readonly now?: (() => Date) | undefined;
}

/**
 * Checks a backup, and keeps what was found with the time in its record. What differs is in the result and no error. A backup
 * that was found damaged is not built on any more.
 *
 * The chain is held only while the result is written, so a backup may run at the same time.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the backup, or, with `source`, for the snapshot it was taken from; `BUSY` while another
 * process works on the chain; the signal's reason
 */
export async function verifyBackup(options: VerifyBackupOptions): Promise<PointCheck> {
  const { target, depth = "deep", signal, now = () => new Date() } = options;
  const backup = await findBackup(target, options.backup, { signal });
  const found =
    depth === "source" ? await checkSource(backup, options) : await checkPoint(backup, depth, options);
  const check: PointCheck = { at: now().toISOString(), ...found };
  await using chain = await target.openChain(backup.chain, { signal });
  // Another check may have ended meanwhile, or the backup may have been removed.
  const current = await findBackup(target, backup.id, { signal });
  await chain.update({ ...current, checks: { ...current.checks, [depth]: check } });
  return check;
}

async function checkPoint(
  backup: BackupRecord,
  depth: "quick" | "deep",
  { target, signal, limits, onProgress }: VerifyBackupOptions,
): Promise<CheckFindings> {
  let digests: Awaited<ReturnType<typeof readAllDigests>>;
  try {
    digests = await readAllDigests(target, backup, { signal });
  } catch (error) {
    // Without its digests nothing proves what the data should be.
    if (!(error instanceof CoppiceError) || !(hasCode(error, "NOT_FOUND") || hasCode(error, "IO")))
      throw error;
    return { ok: false, bytes: 0, problems: [error.message.slice(0, 500)], problemCount: 1 };
  }
  return await target.check(backup, depth, { digests, signal, limits, onProgress });
}

async function checkSource(
  backup: BackupRecord,
  { target, source: cluster, signal, limits, onProgress }: VerifyBackupOptions,
): Promise<CheckFindings> {
  const { source } = backup;
  const { poolName: pool, namespace, imageName: image } = source;
  const gone = (message: string) =>
    new CoppiceError({
      code: "NOT_FOUND",
      call: "verifyBackup",
      object: backup.id,
      message: `the backup ${backup.id} cannot be compared with its source: ${message}`,
      hint: "Make a deep check, which needs no source.",
    });
  if (cluster?.fsid !== source.fsid) throw gone(`it was taken from the cluster ${source.fsid}`);
  const spec = { pool, namespace, image, snapshot: source.snapshot.name };
  {
    await using opened = await openImage(cluster, spec);
    const isIt = ({ id }: { id: bigint }) => id === BigInt(source.snapshot.id);
    const found = opened.id === source.imageId && (await opened.listSnapshots({ signal })).some(isIt);
    if (!found)
      throw gone(`${pool}/${image} is not the image any more, or has another snapshot of that name`);
  }
  const manifest = await readAllDigests(target, backup, { signal });
  const place = { pool, namespace, image };
  const options = { image: place, snapshot: spec.snapshot, manifest, limits, signal, onProgress };
  return digestFindings(await verifyDigests(cluster, options), manifest, "differs from the source");
}
