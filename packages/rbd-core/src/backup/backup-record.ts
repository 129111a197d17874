import { z } from "zod";
import { CoppiceError } from "../errors/index.ts";

/** The most bytes of one record as JSON. Nothing in it grows with the image or with the chain. */
export const maximumRecordBytes = 64 * 1024;

/** How many labels a backup may have. */
const maximumLabels = 64;

const count = z.int().min(0);
/** Ceph's 64-bit ids as decimal text, which JSON can hold. */
const snapshotId = z.string().regex(/^\d{1,20}$/);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);
const time = z.iso.datetime();
const name = z.string().min(1).max(4096);

/** As Cinder's own pattern for its snapshots allows it. A UUID, unless another program made the backup. */
const backupId = z
  .string()
  .max(64)
  .regex(/^[a-z0-9-]+$/);

const sourceSchema = z.strictObject({
  fsid: z.uuid(),
  poolId: count,
  imageId: z.string().min(1),
  poolName: z.string().min(1),
  namespace: z.string(),
  imageName: name,
  snapshot: z.strictObject({ name, id: snapshotId }),
});

/** Where the bytes of a point lie in its target. */
const storedSchema = z.discriminatedUnion("kind", [
  /** A snapshot of the chain's image in the backup pool. */
  z.strictObject({
    kind: z.literal("snapshot"),
    image: name,
    imageId: z.string().min(1),
    name,
    id: snapshotId,
  }),
  /** A file in the format `rbd diff v1`, compressed or not, with its sidecar and digests, in the chain's folder. */
  z.strictObject({
    kind: z.literal("diff"),
    file: name,
    sidecar: name,
    digests: name,
    /** Of the file as it lies there. */
    bytes: count,
    sha256,
  }),
]);

/** Why a backup is full or incremental. The set is closed. */
export const backupReasons = [
  /** The caller asked for this kind. */
  "requested",
  /** Automatic, on the newest point of the image's newest chain. */
  "extended",
  /** Automatic: the target has no backup of this image. */
  "first",
  /** Automatic: the source no longer has the snapshot of the newest point. */
  "source-snapshot-missing",
  /** Automatic: the source's snapshot has the right name and another id. */
  "source-snapshot-replaced",
  /** Automatic: the newest point is not in the target as its record says. */
  "parent-missing",
  /** Automatic: the last verification of the newest point, or of one before it, found wrong data. */
  "parent-damaged",
  /** Automatic: the digests of the chain are missing or cannot be read. */
  "digests-missing",
  /** Automatic: the chain has reached the number of points that the caller allows. */
  "chain-full",
  /** Another program made it, and it was imported. */
  "imported",
] as const;

const digestsSchema = z.strictObject({
  /** Tells this manifest from an earlier one of the same point: removing a point rewrites that of its child. */
  generation: z.uuid(),
  bytes: count,
  sha256,
});

/** What a check of a point found. */
const checkSchema = z.strictObject({
  at: time,
  /** Whether everything was as it should be. */
  ok: z.boolean(),
  /** Bytes that were read and compared, holes included. */
  bytes: count,
  /** What was wrong, one sentence each; at most eight. */
  problems: z.array(z.string().max(500)).max(8),
  /** How many were found in all. */
  problemCount: count,
});

const schema = z.strictObject({
  version: z.literal(1),
  id: backupId,
  /** The chain's name in its target: for a pool the name of the chain's image. */
  chain: name,
  /** The point whose data this one's digests build on; null when they describe everything. */
  parent: backupId.nullable(),
  /** How the data was brought over. It stays as it was when the parent is removed. */
  kind: z.enum(["full", "incremental"]),
  reason: z.enum(backupReasons),
  /** The reason in one sentence, with names. */
  why: z.string().max(1000),
  source: sourceSchema,
  stored: storedSchema,
  /** The image's size at the point, in bytes. */
  size: count,
  objectSize: z.int().min(4096),
  transfer: z.strictObject({ bytesRead: count, bytesWritten: count, bytesSkipped: count }),
  digests: digestsSchema,
  /** When the backup began, when its snapshot of the source was made, when everything was in the target and checked. */
  startedAt: time,
  pointAt: time,
  completedAt: time,
  engine: z.strictObject({ name: z.string().min(1).max(100), version: z.string().min(1).max(100) }),
  labels: z.record(z.string().min(1).max(200), z.string().max(1000)),
  /** What Cinder keeps of the volume, as it wrote it; a target for Cinder keeps the text where Cinder looks for it, too. */
  volumeMetadata: z
    .string()
    .max(32 * 1024)
    .nullable(),
  /** Retention keeps it, whatever the policy says. */
  protected: z.boolean(),
  /** Other images were backed up at the same instant with the same set id; null for a backup of one image. */
  set: z.uuid().nullable(),
  /** `removing`: its removal has begun, and only has to be finished. */
  state: z.enum(["complete", "removing"]),
  /** The last check of each depth; null for one that was never made. */
  checks: z.strictObject({
    quick: checkSchema.nullable(),
    deep: checkSchema.nullable(),
    source: checkSchema.nullable(),
  }),
});

/**
 * What a target keeps about one restore point, beside its data. The record is written last: a point without one does not
 * exist. docs/backup-format.md is normative for its fields.
 */
export type BackupRecord = z.infer<typeof schema>;

/** Which snapshot of which image a point is a copy of, by ids that are never used again, with the names at the time. */
export type BackupSource = z.infer<typeof sourceSchema>;

export type StoredPoint = z.infer<typeof storedSchema>;
export type BackupReason = (typeof backupReasons)[number];
export type PointCheck = z.infer<typeof checkSchema>;
export type CheckDepth = keyof BackupRecord["checks"];

/** @throws {CoppiceError} `OUT_OF_RANGE` for a record that is too large to keep; `INVALID_ARGUMENT` for a wrong field */
export function encodeBackupRecord(record: BackupRecord): Buffer {
  const checked = schema.safeParse(record);
  if (!checked.success) {
    const [issue] = checked.error.issues;
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "encodeBackupRecord",
      object: record.id,
      message: `the record of the backup ${record.id} is wrong at ${issue?.path.join(".")}: ${issue?.message}`,
      cause: checked.error,
    });
  }
  const bytes = Buffer.from(JSON.stringify(checked.data));
  const labels = Object.keys(checked.data.labels).length;
  if (bytes.length <= maximumRecordBytes && labels <= maximumLabels) return bytes;
  throw new CoppiceError({
    code: "OUT_OF_RANGE",
    call: "encodeBackupRecord",
    object: record.id,
    message: `the record of the backup ${record.id} has ${bytes.length} bytes and ${labels} labels, and may have ${maximumRecordBytes} and ${maximumLabels}`,
    hint: "Give fewer or shorter labels.",
  });
}

/**
 * Reads a record back.
 *
 * @param where The object or file that it was read from, for the error.
 * @throws {CoppiceError} `UNSUPPORTED` when it is not one that this version writes: its data must not be touched then
 */
export function decodeBackupRecord(where: string, bytes: Uint8Array): BackupRecord {
  try {
    if (bytes.length > maximumRecordBytes) throw new RangeError(`it has ${bytes.length} bytes`);
    return schema.parse(JSON.parse(Buffer.from(bytes).toString("utf8")));
  } catch (cause) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "decodeBackupRecord",
      object: where,
      message: `the record of a backup, ${where}, cannot be read`,
      hint: "A newer version of Coppice may have written it. Its data is left alone; use that version.",
      cause,
    });
  }
}

/** The backup that was taken last. The ids of an image's snapshots ascend with time, whatever any clock says. Pure. */
export function newestBackup(backups: readonly BackupRecord[]): BackupRecord | null {
  return backups.reduce<BackupRecord | null>((last, each) => {
    const isLater = last === null || BigInt(each.source.snapshot.id) > BigInt(last.source.snapshot.id);
    return isLater ? each : last;
  }, null);
}
