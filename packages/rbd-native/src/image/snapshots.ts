import { native } from "../internal/binding.ts";
import { type CallOptions, change, type ProgressOptions, read } from "../internal/call.ts";
import { checkBits, checkName } from "../internal/check.ts";
import type { OpenImage } from "./open-image.ts";

const snapshotKinds = ["user", "group", "trash", "mirror"] as const;

/** What a snapshot was made for; "unknown" for a kind that only a newer Ceph knows. */
export type SnapshotKind = (typeof snapshotKinds)[number] | "unknown";

export interface SnapshotEntry {
  readonly id: bigint;
  readonly name: string;
  /** The image's size when it was taken, in bytes. */
  readonly size: number;
  readonly namespace: SnapshotKind;
  readonly protected: boolean;
  readonly timestamp: Date;
  /** For a snapshot in the trash: the name that it had. */
  readonly originalName?: string;
}

export interface CreateSnapshotOptions extends ProgressOptions {
  /** Do not ask the image's users to quiesce first. */
  readonly skipQuiesce?: boolean | undefined;
  /** Take the snapshot even when one of them could not quiesce. */
  readonly ignoreQuiesceError?: boolean | undefined;
}

export interface RemoveSnapshotOptions extends ProgressOptions {
  /** Unprotect it first. */
  readonly unprotect?: boolean | undefined;
  /** Flatten its clones first. */
  readonly flatten?: boolean | undefined;
  /** Both. */
  readonly force?: boolean | undefined;
}

// Flags of rbd_snap_create2 and rbd_snap_remove2.
const SKIP_QUIESCE = 1;
const IGNORE_QUIESCE_ERROR = 2;
const REMOVE_UNPROTECT = 1;
const REMOVE_FLATTEN = 2;

export function toSnapshotKind(type: number): SnapshotKind {
  return snapshotKinds[type] ?? "unknown";
}

export async function listSnapshots(image: OpenImage, o?: CallOptions): Promise<SnapshotEntry[]> {
  const found = await read(image.spec, o, (operation) => native.listSnapshots(image.handle, operation));
  return found.map(({ kind, timestamp, originalName, ...facts }) => ({
    ...facts,
    namespace: toSnapshotKind(kind),
    timestamp: new Date(timestamp),
    ...(originalName === "" ? {} : { originalName }),
  }));
}

export async function createSnapshot(
  image: OpenImage,
  name: string,
  o?: CreateSnapshotOptions,
): Promise<void> {
  checkName("rbd_snap_create2", image.spec, "name", name);
  const flags = (o?.skipQuiesce ? SKIP_QUIESCE : 0) | (o?.ignoreQuiesceError ? IGNORE_QUIESCE_ERROR : 0);
  await change(`${image.spec}@${name}`, o, (operation) =>
    native.createSnapshot(image.handle, name, flags, operation),
  );
}

export async function removeSnapshot(
  image: OpenImage,
  snapshot: string | bigint,
  o?: RemoveSnapshotOptions,
): Promise<void> {
  if (typeof snapshot === "bigint") {
    checkBits("rbd_snap_remove_by_id", image.spec, "snapshot", snapshot);
    return await change(`${image.spec}@#${snapshot}`, o, (operation) =>
      native.removeSnapshotById(image.handle, snapshot, operation),
    );
  }
  checkName("rbd_snap_remove2", image.spec, "snapshot", snapshot);
  const unprotect = o?.unprotect || o?.force ? REMOVE_UNPROTECT : 0;
  const flatten = o?.flatten || o?.force ? REMOVE_FLATTEN : 0;
  await change(`${image.spec}@${snapshot}`, o, (operation) =>
    native.removeSnapshot(image.handle, snapshot, unprotect | flatten, operation),
  );
}
