import type { Measure } from "../chain/measure.ts";
import type { NamedGroup } from "../headers/details/name-group.ts";
import type { SnapshotKind } from "../inventory/inventory-row.ts";

/** An image by what does not change: its place and its id. The name is for showing and for calls that need it. */
export interface ImageRef {
  pool: string;
  namespace: string;
  id: string;
  name: string;
}

/** A clone that hangs on a snapshot. */
export interface ChildFacts {
  image: ImageRef;
  inTrash: boolean;
  /** Clones of format 1 need a protected snapshot; for those of format 2 a removed snapshot stays in its trash. */
  cloneFormat: 1 | 2;
  /** Bytes of the clone that still lie over the parent: what flattening copies at the most. */
  overlap: number;
  /** Snapshots of the clone that lie over the parent too. */
  snapshotsOverParent: string[];
  /** Whether flattening detaches those snapshots as well. */
  deepFlatten: boolean;
  /** Why the clone could not be looked at, when it could not. */
  unreadable: string | null;
}

export interface SnapshotFacts {
  id: bigint;
  name: string;
  kind: SnapshotKind | "unknown";
  protected: boolean;
  children: ChildFacts[];
  /** What removing this snapshot alone frees. */
  freedIfRemoved: Measure | null;
  /** What removing it frees when all older ones are gone. */
  freedInOrder: Measure | null;
}

/** Who has an image open. */
export interface WatcherFacts {
  address: string;
  /** `client.<number>` */
  client: string;
}

export interface LockFacts {
  /** `client.<number>` */
  client: string;
  cookie: string;
  address: string;
}

/** Something outside the image that needs one of its snapshots, such as a backup with the snapshot as base. */
export interface DependantFacts {
  /** As a sentence can name it: `the backup nightly-12`. */
  what: string;
  /** `null`: it needs the image whichever snapshots it has. */
  snapshotId: bigint | null;
}

/** All that decides whether an image, or one snapshot of it, can go. Gathered at one moment. */
export interface DeletionFacts {
  now: Date;
  image: ImageRef;
  /** The snapshot to remove. `null`: the image. */
  snapshotId: bigint | null;
  trash: { deferredUntil: Date | null } | null;
  /** The group the image is in. */
  group: NamedGroup | null;
  migration: { role: string; state: string } | null;
  mirrored: boolean;
  watchers: WatcherFacts[];
  locks: LockFacts[];
  /** Oldest first. */
  snapshots: SnapshotFacts[];
  /** Pools that may hold clones of format 1 of a protected snapshot, and could not be asked. */
  unasked: { pool: string; reason: string }[];
  dependants: DependantFacts[];
  /** What removing the image with all its snapshots frees. */
  freedIfImageRemoved: Measure | null;
}
