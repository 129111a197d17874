import type { Cluster } from "../cluster/index.ts";
import type { CoppiceError } from "../errors/index.ts";
import type { ImageSpec } from "../names/index.ts";
import type { DigestManifest, TransferLimits, TransferOptions } from "../transfer/index.ts";
import type { BackupRecord, BackupSource, CheckDepth, PointCheck, StoredPoint } from "./backup-record.ts";
import type { ForeignChain } from "./cinder/cinder-chains.ts";

/**
 * A place for backups: a pool of a cluster, a directory, and whatever comes next. This is the whole of what backup,
 * restore, verification, retention and listing know of it. One suite of tests holds every target to this contract.
 *
 * **Points and chains.** A chain belongs to one source image and is a line: its first point is full, each other one was
 * taken as the changes since the one before. A point exists when its record does; the record is written last. What lies in
 * the target without a record is either being written, or was interrupted, or belongs to another program.
 *
 * **Crashes.** A process may die in any call. Whatever it leaves is recognised and removed, or finished, when the chain is
 * opened next: no committed point is ever lost or changed by that. Every call may be repeated.
 *
 * **Stable.** What a call says is done has been flushed. Errors are {@link CoppiceError}s. Every call stops at its signal,
 * when nothing is in flight any more, and rejects with the signal's reason.
 */
export interface BackupTarget {
  readonly location: BackupLocation;

  /** The name of a new chain that begins with this backup. Two backups never get the same. */
  newChain(source: Pick<BackupSource, "imageName">, backupId: string): string;

  /**
   * The points in the target, from the target alone. One record that cannot be read becomes a problem and does not hide the
   * others. With `source` only those of that image, in a time that does not grow with the number of other images.
   */
  list(options?: ListPointsOptions): Promise<PointListing>;

  /**
   * The committed points of one chain, oldest first, from their records alone: whether their data is there is not looked at.
   *
   * @throws {CoppiceError} when a record of the chain cannot be read
   */
  points(chain: string, options?: CallSignal): Promise<readonly BackupRecord[]>;

  /** One point's record as it stands now; null when there is none. @throws {CoppiceError} `UNSUPPORTED` */
  find(id: string, options?: CallSignal): Promise<BackupRecord | null>;

  /**
   * Opens a chain, which need not exist yet, to change it. It is held until it is disposed, and by one process only, across
   * machines. What an interrupted process left is dealt with before this resolves, so that the chain consists of its committed
   * points and nothing else.
   *
   * @throws {CoppiceError} `BUSY` while another process holds it
   */
  openChain(chain: string, options?: CallSignal): Promise<BackupChain>;

  /**
   * The digests of what the point changed since its parent, or of everything when it has none.
   *
   * @throws {CoppiceError} `NOT_FOUND` when they are missing, `IO` when they are not those that the record describes
   */
  readDigests(point: BackupRecord, options?: CallSignal): Promise<DigestManifest>;

  /**
   * Writes a point's data to an image that the caller has made, which no other client uses. Without `ranges`: everything, to
   * an image without data. With them: what the point holds in these ranges, zeroes included; the image has the point's size.
   * What was written is flushed, and was not compared yet.
   *
   * @throws {CoppiceError} `NOT_FOUND` when the data is not there
   */
  copyOut(point: PointData, into: RestoreImage, options?: CopyOutOptions): Promise<CopiedOut>;

  /**
   * Writes a point to a new file: its bytes, or a diff from nothing in the format `rbd diff v1`.
   *
   * @throws {CoppiceError} `NOT_FOUND` when the data is not there; the file system's error (`EEXIST` for a file that is there)
   */
  copyToFile(point: PointData, path: string, options: CopyToFileOptions): Promise<void>;

  /**
   * Checks that the point's data is as it was committed; changes nothing.
   *
   * - `quick`: that everything is there, with the recorded ids, sizes and lengths, and the digests of a sample of its blocks.
   * - `deep`: reads everything and compares it with `digests`, or with the digests of the files.
   *
   * A difference is part of the result and no error.
   */
  check(
    point: BackupRecord,
    depth: Exclude<CheckDepth, "source">,
    options: CheckOptions,
  ): Promise<CheckFindings>;
}

/** Where a target is; it can be stored and compared. */
export type BackupLocation =
  | { readonly kind: "pool"; readonly fsid: string; readonly pool: string; readonly namespace: string }
  | { readonly kind: "directory"; readonly path: string };

/** A point's data, without what is said about it: also of a point that another program made. */
export type PointData = Pick<BackupRecord, "id" | "chain" | "stored" | "size">;

export interface CallSignal {
  readonly signal?: AbortSignal | undefined;
}

/** An image by ids, whatever its name is. */
export type SourceImage = Pick<BackupSource, "fsid" | "poolId" | "imageId">;

export interface ListPointsOptions extends CallSignal {
  readonly source?: SourceImage | undefined;
}

export interface PointListing {
  /** In no order; those whose removal has begun are among them. */
  readonly points: readonly BackupRecord[];
  readonly problems: readonly PointProblem[];
  /** What another program made, where the target can tell; without `source` only, since nothing says which image it was. */
  readonly foreign?: readonly ForeignChain[] | undefined;
}

/** A record that cannot be read, or a point whose data is not there. */
export interface PointProblem {
  readonly id: string;
  readonly error: CoppiceError;
}

/** A chain that this process alone may change. Disposing gives it back; what was appended and not committed is removed. */
export interface BackupChain extends AsyncDisposable {
  readonly name: string;
  /**
   * Aborted with `LEASE_LOST` when another process may have taken the chain over. From then on every call rejects with that
   * and changes nothing.
   */
  readonly signal: AbortSignal;

  /** The committed points, oldest first. */
  points(): Promise<readonly BackupRecord[]>;

  /**
   * Why nothing can be appended to the chain's newest point as it stands; null when it can. It is there with its ids, size
   * and digests.
   */
  problem(newest: BackupRecord): Promise<ChainProblem | null>;

  /**
   * Brings the data of a new point over: everything, or the changes since the chain's newest point. Then reads back what was
   * written and compares it with the digests of what was read. Afterwards the chain can be committed; until then no other
   * call sees the point.
   *
   * @throws {CoppiceError} `INVALID_ARGUMENT` when `parent` is not the chain's newest point, `VERIFICATION_FAILED` when what
   * was read back differs, `NO_SPACE`, `QUOTA_EXCEEDED`, `SOURCE_CHANGED`
   */
  append(point: NewPoint, options?: AppendOptions): Promise<AppendedPoint>;

  /**
   * Writes the digests and the record of the point that was appended: from now on it exists. The target fills in where its
   * digests are.
   */
  commit(record: NewRecord, digests: DigestManifest): Promise<BackupRecord>;

  /** Replaces the record of a committed point: its labels, protection and checks; nothing else may differ. */
  update(record: BackupRecord): Promise<void>;

  /**
   * Removes a point, any one of the chain. The others keep their data; the child's digests and parent are those of both
   * from then on. The chain goes with its last point. Nothing that another program made is removed.
   *
   * @throws {CoppiceError} `NOT_FOUND`; `BUSY` while something depends on the point, named in the message
   */
  remove(id: string): Promise<void>;
}

/** A record before its digests are written. */
export type NewRecord = Omit<BackupRecord, "digests">;

export interface ChainProblem {
  readonly reason: "parent-missing" | "digests-missing";
  /** One sentence without a full stop. */
  readonly what: string;
}

export interface NewPoint {
  readonly id: string;
  /** The name of the point and of the source's snapshot: `backup.<id>.snap.<unix time>`. */
  readonly name: string;
  /** The chain's newest point; null for the first of a new chain. */
  readonly parent: BackupRecord | null;
  /** The source, at the snapshot to copy. `from` is the snapshot of the parent, null without one. */
  readonly source: {
    readonly cluster: Cluster;
    readonly image: ImageSpec;
    readonly from: string | null;
    readonly to: string;
  };
}

export interface AppendOptions extends TransferOptions {
  readonly limits?: TransferLimits | undefined;
  /** `never` does not use the object maps, for a cluster where they cannot be trusted. */
  readonly fastDiff?: "auto" | "never" | undefined;
}

export interface AppendedPoint {
  readonly stored: StoredPoint;
  readonly size: number;
  readonly objectSize: number;
  readonly digests: DigestManifest;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
}

export interface RestoreImage {
  readonly cluster: Cluster;
  readonly image: ImageSpec;
}

/** A part of an image, in bytes. */
export interface ByteRange {
  readonly offset: number;
  readonly length: number;
}

export interface CopyOutOptions extends TransferOptions {
  /** Ascending, without overlaps. */
  readonly ranges?: readonly ByteRange[] | undefined;
  readonly limits?: TransferLimits | undefined;
}

export interface CopyToFileOptions extends TransferOptions {
  readonly format: "raw" | "diff";
}

export interface CopiedOut {
  readonly bytesRead: number;
  readonly bytesWritten: number;
}

/** What a check found, without the time. */
export type CheckFindings = Omit<PointCheck, "at">;

export interface CheckOptions extends CallSignal {
  /** The digests of everything at the point: those of the chain up to it, merged. */
  readonly digests: DigestManifest;
  readonly limits?: TransferLimits | undefined;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}
