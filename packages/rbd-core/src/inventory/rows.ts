import type { CoppiceError } from "../errors/index.ts";
import { compareText } from "../names/index.ts";

/** What a snapshot is for. Only `user` snapshots are the user's own; the others are kept by Ceph. `unknown`: a newer Ceph's. */
export type SnapshotKind = "user" | "group" | "trash" | "mirror" | "unknown";

export interface SnapshotRow {
  id: bigint;
  name: string;
  /** Size of the image at the snapshot, in bytes. */
  size: number;
  kind: SnapshotKind;
  protected: boolean;
  createdAt: Date;
}

/**
 * What a clone says of its parent. Names are `""` where this client may not read them: the ids are what the
 * clone itself holds.
 */
export interface ParentLink {
  poolName: string;
  /** `""` is the default namespace. */
  namespace: string;
  imageName: string;
  imageId: string;
  snapshotName: string;
  snapshotId: bigint;
  /** The parent image is in the trash. */
  inTrash: boolean;
  /** How many bytes from the start of the clone still lie over the parent. */
  overlap: number;
}

/** Why an image is in the trash and until when it is kept there. */
export interface TrashEntry {
  /** The name the image had. */
  name: string;
  deletedAt: Date;
  /** Before this moment the image is not removed without force. */
  deferredUntil: Date;
  source: TrashSource;
}

export type TrashSource = "user" | "mirroring" | "migration" | "removing" | "user-parent" | "unknown";

interface AnyRow {
  pool: string;
  /** `""` is the default namespace. */
  namespace: string;
  name: string;
  /** `pool/[namespace/]name`, for showing. In the trash the name may be taken by another image. */
  spec: string;
}

export interface ImageRow extends AnyRow {
  state: "ok";
  /** Ceph's own id of the image, unique in its pool and namespace. `""` for an image of format 1. */
  id: string;
  format: 1 | 2;
  /** Bytes. */
  size: number;
  /** Bytes, a power of two. */
  objectSize: number;
  /** `RBD_FEATURE_*` bits. */
  features: bigint;
  /** `RBD_FLAG_*` bits of the current state. */
  flags: bigint;
  /** The pool that holds the data when it is not `pool`. */
  dataPool: string | null;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  createdAt: Date | null;
  modifiedAt: Date | null;
  /** Oldest first. */
  snapshots: SnapshotRow[];
  parent: ParentLink | null;
  trash: TrashEntry | null;
  /** `header`: decoded from the header object. `librbd`: the image was opened. */
  readThrough: "header" | "librbd";
  /** Why the header could not be used, when librbd had to be asked although it was tried. */
  readNote: string | null;
  /** When asked for: its clones, by pool, namespace and name. */
  children?: ChildLink[];
  /** When asked for: the group it is in, as `pool/[namespace/]group`. */
  group?: string | null;
  /** When asked for: who has it open. `null` when Ceph would not say. */
  watchers?: WatcherLink[] | null;
}

/** A clone, as its parent shows it. */
export interface ChildLink {
  pool: string;
  /** `""` is the default namespace. */
  namespace: string;
  id: string;
  /** In the trash, the name it had. `null`: it could not be found out. */
  name: string | null;
  inTrash: boolean;
  /** The snapshot it hangs on. */
  snapshotId: bigint;
  cloneFormat: 1 | 2;
}

export interface WatcherLink {
  /** As Ceph writes it: `192.0.2.7:0/1234567`. */
  address: string;
  /** `client.<id>` */
  client: string;
}

/** An image that is there but could not be read. */
export interface UnreadableImageRow extends AnyRow {
  state: "unreadable";
  id: string | null;
  trash: TrashEntry | null;
  error: CoppiceError;
}

export type InventoryRow = ImageRow | UnreadableImageRow;

/**
 * `pool/namespace/id`: names an image for as long as it exists, through renames and the trash. An image without
 * an id (format 1, or unreadable) is keyed by its name.
 */
export function imageKey(pool: string, namespace: string, id: string | null, name: string): string {
  return `${pool}/${namespace}/${id === null || id === "" ? `name:${name}` : id}`;
}

/** The order of an inventory: pool, namespace, images before trash, name, id. */
export function compareRows(a: InventoryRow, b: InventoryRow): number {
  return (
    compareText(a.pool, b.pool) ||
    compareText(a.namespace, b.namespace) ||
    Number(a.trash !== null) - Number(b.trash !== null) ||
    compareText(a.name, b.name) ||
    compareText(a.id ?? "", b.id ?? "")
  );
}
