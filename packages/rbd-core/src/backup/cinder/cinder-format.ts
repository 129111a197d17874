import { CoppiceError } from "../../errors/index.ts";
import { checkName, compareText, quoted } from "../../names/index.ts";

// The names and objects of OpenStack Cinder's Ceph backup driver (cinder/backup/drivers/ceph.py), as the releases since
// Havana write and read them. Everything here is pure; nothing is sent to a cluster.

/**
 * Which backups an image of a backup pool holds, by its name. The first backup of a chain, a full one, gives the image
 * its name; every increment upon it becomes one more snapshot of the same image.
 */
export interface CinderBase {
  /** The volume in Cinder's terms; see {@link cinderVolumeId}. */
  readonly volumeId: string;
  /**
   * The id of the chain's full backup. `null` for `volume-<id>.backup.base`, the name before OpenStack Mitaka, which the
   * driver still gives to the backup of a volume's snapshot.
   */
  readonly backupId: string | null;
}

const basePattern = /^volume-(.+)\.backup\.([a-z0-9-]+)$/s;
const legacyId = "base";

/** The characters of a backup's id: with any other one the driver does not find the backup's snapshot again. */
const backupIdPattern = /^[a-z0-9-]+$/;

/** @throws {CoppiceError} `INVALID_NAME` when the driver could not find a backup with this id */
export function checkBackupId(backupId: string): void {
  if (backupIdPattern.test(backupId) && backupId !== legacyId) return;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "checkBackupId",
    object: backupId,
    message: `${quoted(backupId)} cannot be the id of a backup`,
    hint: `Use lower-case letters, digits and hyphens, and not "${legacyId}": a UUID, for example.`,
  });
}

/**
 * The name of the image that holds a chain: `volume-<volume id>.backup.<backup id>`.
 *
 * @throws {CoppiceError} `INVALID_NAME`
 */
export function formatCinderBase({ volumeId, backupId }: CinderBase): string {
  if (backupId !== null) checkBackupId(backupId);
  const name = `volume-${volumeId}.backup.${backupId ?? legacyId}`;
  if (volumeId === "") checkName("image", "");
  checkName("image", name);
  return name;
}

/** The chain of the image with this name; `null` when the name is not that of a backup image. */
export function parseCinderBase(imageName: string): CinderBase | null {
  const [, volumeId, backupId] = basePattern.exec(imageName) ?? [];
  if (volumeId === undefined || backupId === undefined) return null;
  return { volumeId, backupId: backupId === legacyId ? null : backupId };
}

const uuid = "[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}";
const volumeName = new RegExp(`^volume-(${uuid})$`);
const volumeUuid = new RegExp(`^${uuid}$`);

/**
 * What Cinder would call the volume in an image: the UUID of an image named `volume-<UUID>`, the image's name for every
 * other one. Two images of different pools can have the same, so it identifies a source only for Cinder.
 */
export function cinderVolumeId(imageName: string): string {
  return volumeName.exec(imageName)?.[1] ?? imageName;
}

/** The name of the image that Cinder keeps the volume in, the inverse of {@link cinderVolumeId} for all but bare UUIDs. */
export function cinderImageName(volumeId: string): string {
  return volumeUuid.test(volumeId) ? `volume-${volumeId}` : volumeId;
}

/** One backup as a snapshot, which has the same name on the source and on the image that holds the chain. */
export interface CinderSnapshot {
  readonly backupId: string;
  /** Seconds since 1970 as the name has them, with a fraction; Cinder itself never reads them as a number. */
  readonly timestamp: string;
}

const snapshotPattern = /^backup\.([a-z0-9-]+)\.snap\.(.+)$/;

/** `backup.<backup id>.snap.<seconds>`. @throws {CoppiceError} `INVALID_NAME` */
export function formatCinderSnapshot({ backupId, timestamp }: CinderSnapshot): string {
  checkBackupId(backupId);
  const name = `backup.${backupId}.snap.${timestamp}`;
  checkName("snapshot", name);
  if (parseCinderSnapshot(name) === null) {
    const message = `${quoted(timestamp)} cannot be the time in the name of a backup's snapshot`;
    throw new CoppiceError({
      code: "INVALID_NAME",
      call: "formatCinderSnapshot",
      object: name,
      message,
      hint: "Use toCinderTimestamp.",
    });
  }
  return name;
}

/** The backup of the snapshot with this name; `null` for every other snapshot, a user's for example. */
export function parseCinderSnapshot(snapshotName: string): CinderSnapshot | null {
  const [, backupId, timestamp] = snapshotPattern.exec(snapshotName) ?? [];
  return backupId === undefined || timestamp === undefined ? null : { backupId, timestamp };
}

/** The time of a new snapshot's name, to a millisecond: `1767323045.678`. */
export function toCinderTimestamp(time: Date): string {
  return (time.getTime() / 1000).toFixed(3);
}

/** The time in a snapshot's name, cut to a millisecond; `null` when it is none. */
export function fromCinderTimestamp(timestamp: string): Date | null {
  if (!/^\d{1,12}(\.\d+)?$/.test(timestamp)) return null;
  const [seconds = "", fraction = ""] = timestamp.split(".");
  const time = new Date(Number(seconds) * 1000 + Number(fraction.padEnd(3, "0").slice(0, 3)));
  return Number.isNaN(time.getTime()) ? null : time;
}

const metadataPattern = /^backup\.([a-z0-9-]+)\.meta$/;

/** The RADOS object with the volume's metadata: `backup.<backup id>.meta`. @throws {CoppiceError} `INVALID_NAME` */
export function formatCinderMetadataObject(backupId: string): string {
  checkBackupId(backupId);
  return `backup.${backupId}.meta`;
}

/** The id of the backup whose volume's metadata is in the object with this name; `null` for every other object. */
export function parseCinderMetadataObject(objectName: string): string | null {
  return metadataPattern.exec(objectName)?.[1] ?? null;
}

type JsonObject = Readonly<Record<string, unknown>>;

/** A volume's metadata, as it stands beside each backup. */
export interface CinderMetadata {
  /** Which of the fields Cinder restores: 1, or 2 (with the id of an encryption key). A later one it refuses. */
  readonly version: number;
  /** `volume-base-metadata`: the volume's row in Cinder's database. `null` when the volume had none. */
  readonly volume: JsonObject | null;
  /** `volume-metadata`: what users set on the volume. */
  readonly metadata: JsonObject | null;
  /** `volume-glance-metadata`: of the Glance image the volume was made from; a volume that has it is bootable. */
  readonly image: JsonObject | null;
}

/**
 * Reads the text of a metadata object. Keep the text itself: only the same text restores everything in Cinder.
 *
 * @returns `null` when Cinder could not read it either: not JSON, not an object, or without a version
 */
export function parseCinderMetadata(text: string): CinderMetadata | null {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  if (!isObject(value)) return null;
  const { version } = value;
  if (typeof version !== "number" || !Number.isSafeInteger(version) || version < 1) return null;
  const section = (name: string) => (isObject(value[name]) ? value[name] : null);
  return {
    version,
    volume: section("volume-base-metadata"),
    metadata: section("volume-metadata"),
    image: section("volume-glance-metadata"),
  };
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/**
 * The text of a metadata object for a volume that Cinder does not know: a restore by Cinder then gives the volume this
 * name, and nothing more.
 */
export function formatCinderMetadata(volume: { readonly id: string; readonly displayName: string }): string {
  return JSON.stringify({
    version: 2,
    "volume-base-metadata": { id: volume.id, display_name: volume.displayName, display_description: null },
  });
}

/** What Cinder's database keeps as `service_metadata` of each backup of a chain: the name of its image. */
export function formatServiceMetadata(baseName: string): string {
  return JSON.stringify({ base: baseName });
}

/** A snapshot of an image in a backup pool. */
export interface BaseSnapshot {
  readonly id: bigint;
  readonly name: string;
  /** Bytes. */
  readonly size: number;
}

/** One restore point of a chain: a snapshot, which is whole by itself, whichever points were removed before it. */
export interface CinderPoint extends BaseSnapshot {
  readonly backupId: string;
  /** When the backup was begun, by its name. */
  readonly time: Date | null;
  /** `full`: the one the chain began with. */
  readonly kind: "full" | "incremental";
}

/** What can be wrong with a chain that was read from a backup pool alone. */
export type CinderChainProblem =
  /** The full backup that the image is named after is gone. Later points are whole; Cinder deletes in this way, too. */
  | { readonly code: "FULL_IS_GONE"; readonly backupId: string }
  /** Two snapshots of one backup: Cinder can neither restore nor delete it. */
  | { readonly code: "SAME_BACKUP_TWICE"; readonly backupId: string; readonly snapshots: readonly string[] }
  /** No backup has finished: a full backup was interrupted, or is being made. */
  | { readonly code: "NO_POINTS" }
  /** The metadata of a volume without a restore point: its backup was interrupted, or is a copy in the image's head. */
  | { readonly code: "METADATA_WITHOUT_POINT"; readonly backupId: string };

/** The backups in one image of a backup pool, as Cinder sees them. */
export interface CinderChain {
  readonly imageName: string;
  readonly base: CinderBase;
  /** Oldest first: snapshot ids of an image only ever grow. */
  readonly points: readonly CinderPoint[];
  /**
   * The image's head is a backup by itself, of a volume's snapshot or of a volume outside of Ceph: an image without points
   * that is named `volume-<id>.backup.base`, or whose metadata object is there, since the driver writes that one last.
   * `backupId` is `null` when not exactly one metadata object of the volume is known.
   */
  readonly head: { readonly backupId: string | null; readonly size: number } | null;
  /** Snapshots that are not backups. They are never changed. */
  readonly otherSnapshots: readonly BaseSnapshot[];
  readonly problems: readonly CinderChainProblem[];
}

/** An image of a backup pool, with what is known of it. */
export interface BaseImage {
  readonly name: string;
  /** Bytes, of its head. */
  readonly size: number;
  readonly snapshots: readonly BaseSnapshot[];
}

/**
 * Reads the chain in an image of a backup pool; `null` when the image's name is not that of a backup image.
 *
 * @param metadataIds The ids of the backups that have a metadata object for this volume, as far as they are known.
 */
export function readCinderChain(image: BaseImage, metadataIds: Iterable<string> = []): CinderChain | null {
  const base = parseCinderBase(image.name);
  if (base === null) return null;
  const points: CinderPoint[] = [];
  const otherSnapshots: BaseSnapshot[] = [];
  for (const snapshot of image.snapshots.toSorted((a, b) => Number(a.id - b.id))) {
    const { id, name, size } = snapshot;
    const backup = parseCinderSnapshot(name);
    if (backup === null) {
      otherSnapshots.push({ id, name, size });
      continue;
    }
    const { backupId, timestamp } = backup;
    const isFull = base.backupId === null ? points.length === 0 : backupId === base.backupId;
    const kind = isFull ? "full" : "incremental";
    points.push({ id, name, size, backupId, time: fromCinderTimestamp(timestamp), kind });
  }
  const withoutPoint = [...new Set(metadataIds)]
    .filter((id) => !points.some(({ backupId }) => backupId === id))
    .sort(compareText);
  const [only, ...more] = withoutPoint;
  const headId = base.backupId ?? (more.length === 0 ? (only ?? null) : null);
  const isHead = points.length === 0 && (base.backupId === null || withoutPoint.includes(base.backupId));
  const problems = [
    ...problemsOf(base, points, isHead),
    ...withoutPoint
      .filter((id) => !(isHead && id === headId))
      .map((backupId) => ({ code: "METADATA_WITHOUT_POINT", backupId }) as const),
  ];
  const head = isHead ? { backupId: headId, size: image.size } : null;
  return { imageName: image.name, base, points, head, otherSnapshots, problems };
}

function problemsOf(base: CinderBase, points: readonly CinderPoint[], isHead: boolean): CinderChainProblem[] {
  if (isHead) return [];
  if (points.length === 0) return [{ code: "NO_POINTS" }];
  const problems: CinderChainProblem[] = [];
  if (base.backupId !== null && points.every(({ kind }) => kind !== "full")) {
    problems.push({ code: "FULL_IS_GONE", backupId: base.backupId });
  }
  for (const [backupId, same] of Map.groupBy(points, (point) => point.backupId)) {
    if (same.length > 1) {
      problems.push({ code: "SAME_BACKUP_TWICE", backupId, snapshots: same.map(({ name }) => name) });
    }
  }
  return problems;
}
