import type { CoppiceError } from "../errors/index.ts";
import { compareText } from "../names/index.ts";

/** The kind of a snapshot. Users create `user` snapshots; Ceph manages all others. `unknown` is a kind of a newer Ceph. */
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
 * The parent of a clone. The clone itself records the ids; a name is `""` when this client lacks the permission to read
 * it.
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
  /** Bytes from the start of the clone that overlap with the parent. */
  overlap: number;
}

/** Why an image is in the trash, and how long it is kept there. */
export interface TrashEntry {
  /** The name that the image had. */
  name: string;
  deletedAt: Date;
  /** Before this time the image is removed only by force. */
  deferredUntil: Date;
  source: TrashSource;
}

export type TrashSource = "user" | "mirroring" | "migration" | "removing" | "user-parent" | "unknown";

interface AnyRow {
  pool: string;
  /** `""` is the default namespace. */
  namespace: string;
  name: string;
  /** `pool/[namespace/]name`, for display. The name of an image in the trash may be in use by another image. */
  spec: string;
  /** What makes or changes the image at this moment, or was interrupted; `null` when nothing is recorded. */
  operation: OperationMark | null;
}

/** An operation that has begun on an image and not ended. */
export interface OperationMark {
  /** Random; `null` when the record cannot be read, as is `kind`. */
  id: string | null;
  /** `clone`, `copy`, … */
  kind: string | null;
  /** `make` for everything that makes an image. */
  purpose: string;
  state: "running" | "interrupted";
}

/** Whether an image is what an interrupted operation left before it was whole. */
export function isIncomplete({ operation }: Pick<AnyRow, "operation">): boolean {
  return operation !== null && operation.purpose === "make" && operation.state === "interrupted";
}

/** An image that was read. */
export interface ImageRow extends AnyRow {
  state: "ok";
  /** Ceph's id of the image, unique in its pool and namespace. `""` for an image of format 1. */
  id: string;
  format: 1 | 2;
  /** Bytes. */
  size: number;
  /** Bytes, a power of two. */
  objectSize: number;
  /** `RBD_FEATURE_*` bits. */
  features: bigint;
  /** `RBD_FLAG_*` bits of HEAD. */
  flags: bigint;
  /** The pool that contains the data; `null` when that is `pool`. */
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
  /** `header`: decoded from the header object. `librbd`: read by opening the image. */
  readThrough: "header" | "librbd";
  /** With `librbd`: why the header was not enough. `null` for an image of format 1. */
  readNote: string | null;
  /** With the detail `children`: its clones, sorted by pool, namespace and name. */
  children?: ChildLink[];
  /** With the detail `groups`: its group, as `pool/[namespace/]group`; `null` when it is in none. */
  group?: string | null;
  /** With the detail `watchers`: the clients that have it open; `null` when that could not be read. */
  watchers?: WatcherLink[] | null;
}

/** A clone of an image. */
export interface ChildLink {
  pool: string;
  /** `""` is the default namespace. */
  namespace: string;
  id: string;
  /** In the trash, the name that it had. `null` when the name could not be read. */
  name: string | null;
  inTrash: boolean;
  /** The parent's snapshot that it was cloned from. */
  snapshotId: bigint;
  cloneFormat: 1 | 2;
}

/** A client that has an image open. */
export interface WatcherLink {
  /** In Ceph's notation: `192.0.2.7:0/1234567`. */
  address: string;
  /** `client.<id>` */
  client: string;
}

/** An image that exists but could not be read. */
export interface UnreadableImageRow extends AnyRow {
  state: "unreadable";
  id: string | null;
  trash: TrashEntry | null;
  error: CoppiceError;
}

export type InventoryRow = ImageRow | UnreadableImageRow;

/** A namespace of a pool. */
export interface NamespaceScan {
  /** `""` is the default namespace. */
  name: string;
  /** The number of its rows in the inventory, with the trash. */
  images: number;
  /** Why its images, or its trash, could not be listed. */
  error: CoppiceError | null;
}

/** A pool. */
export interface PoolScan {
  /** `null` when the pool does not exist. */
  id: number | null;
  name: string;
  /** Default namespace first, then by name. */
  namespaces: NamespaceScan[];
  /** Why its namespaces could not be listed. */
  error: CoppiceError | null;
}

/** The images of a cluster, or of some of its pools. Never changed after it was returned. */
export interface Inventory {
  /** When the inventory began; images that were created later may be missing. */
  scannedAt: Date;
  pools: PoolScan[];
  /** Sorted by pool, namespace and name; the trash of a namespace follows its images. */
  rows: InventoryRow[];
}

/**
 * `pool/namespace/id`: identifies an image for as long as it exists, also after a rename and in the trash. An image
 * without an id (format 1, or unreadable) is identified by its name.
 */
export function imageKey(pool: string, namespace: string, id: string | null, name: string): string {
  return `${pool}/${namespace}/${id === null || id === "" ? `name:${name}` : id}`;
}

/** The order of an inventory's rows: pool, namespace, images before trash, name, id. */
export function compareRows(a: InventoryRow, b: InventoryRow): number {
  return (
    compareText(a.pool, b.pool) ||
    compareText(a.namespace, b.namespace) ||
    Number(a.trash !== null) - Number(b.trash !== null) ||
    compareText(a.name, b.name) ||
    compareText(a.id ?? "", b.id ?? "")
  );
}

/**
 * Makes rows and results of this package fit for JSON: `JSON.stringify(rows, jsonReplacer)`.
 *
 * - 64-bit numbers (ids of snapshots, bits of features) become decimal strings, which `BigInt(text)` reads back. As numbers
 *   they would lose digits above 2^53.
 * - Errors become objects with their `name`, `message` and everything else that they say, without `cause` and `stack`.
 * - Maps become arrays of `[key, value]`, sets arrays. JSON itself makes `{}` of both.
 */
export function jsonReplacer(_key: string, value: unknown): unknown {
  if (typeof value === "bigint") return value.toString();
  if (value instanceof Map || value instanceof Set) return [...value];
  if (value instanceof Error) return { ...value, name: value.name, message: value.message, cause: undefined };
  return value;
}
