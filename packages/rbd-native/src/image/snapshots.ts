import type { CallOptions, ProgressOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkBits, checkName } from "../internal/check.ts";
import { checkUpToDate, type OpenImage } from "./open-image.ts";

const kinds = ["user", "group", "trash", "mirror"] as const;

/** Who a snapshot belongs to; "unknown" for a kind that only a newer Ceph knows. */
export type SnapshotKind = (typeof kinds)[number] | "unknown";

export function snapshotKind(type: number): SnapshotKind {
  return kinds[type] ?? "unknown";
}

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
  /** Do not ask the image's users to come to rest first. */
  readonly skipQuiesce?: boolean | undefined;
  /** Take it even when one of them could not. */
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

const SKIP_QUIESCE = 1;
const IGNORE_QUIESCE_ERROR = 2;
const REMOVE_UNPROTECT = 1;
const REMOVE_FLATTEN = 2;

export async function listSnapshots(image: OpenImage, o?: CallOptions): Promise<SnapshotEntry[]> {
  const found = await read(image.spec, o, (operation) => native.listSnapshots(image.handle, operation));
  return found.map(({ kind, timestamp, originalName, ...facts }) => ({
    ...facts,
    namespace: snapshotKind(kind),
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

/** Calls that take a snapshot's name and give nothing back. */
export async function changeSnapshot(
  image: OpenImage,
  call: "rbd_snap_protect" | "rbd_snap_unprotect" | "rbd_snap_rollback_with_progress",
  name: string,
  o?: ProgressOptions,
): Promise<void> {
  checkName(call, image.spec, "name", name);
  if (call === "rbd_snap_rollback_with_progress") checkUpToDate(image, call);
  const start = {
    rbd_snap_protect: native.protectSnapshot,
    rbd_snap_unprotect: native.unprotectSnapshot,
    rbd_snap_rollback_with_progress: native.rollback,
  }[call];
  await change(`${image.spec}@${name}`, o, (operation) => start(image.handle, name, operation));
}

export async function isSnapshotProtected(image: OpenImage, name: string, o?: CallOptions): Promise<boolean> {
  checkName("rbd_snap_is_protected", image.spec, "name", name);
  return await read(`${image.spec}@${name}`, o, (operation) =>
    native.isSnapshotProtected(image.handle, name, operation),
  );
}

export async function snapshotExists(image: OpenImage, name: string, o?: CallOptions): Promise<boolean> {
  checkName("rbd_snap_exists", image.spec, "name", name);
  return await read(image.spec, o, (operation) => native.snapshotExists(image.handle, name, operation));
}

export async function renameSnapshot(
  image: OpenImage,
  from: string,
  to: string,
  o?: CallOptions,
): Promise<void> {
  checkName("rbd_snap_rename", image.spec, "from", from);
  checkName("rbd_snap_rename", image.spec, "to", to);
  await change(`${image.spec}@${from}`, o, (operation) =>
    native.renameSnapshot(image.handle, from, to, operation),
  );
}

export async function setSnapshot(
  image: OpenImage,
  snapshot: string | bigint | null,
  o?: CallOptions,
): Promise<void> {
  if (typeof snapshot === "bigint") checkBits("rbd_snap_set_by_id", image.spec, "snapshot", snapshot);
  else if (snapshot !== null) checkName("rbd_snap_set", image.spec, "snapshot", snapshot);
  const object = snapshot === null ? image.spec : `${image.spec}@${snapshot}`;
  await image.learnSize(() =>
    change(object, o, (operation) => native.setSnapshot(image.handle, snapshot, operation)),
  );
}

export async function snapshotId(image: OpenImage, name: string, o?: CallOptions): Promise<bigint> {
  checkName("rbd_snap_get_id", image.spec, "name", name);
  return await read(`${image.spec}@${name}`, o, (operation) =>
    native.snapshotId(image.handle, name, operation),
  );
}

export async function snapshotName(image: OpenImage, id: bigint, o?: CallOptions): Promise<string> {
  checkBits("rbd_snap_get_name", image.spec, "id", id);
  return await read(`${image.spec}@#${id}`, o, (operation) =>
    native.snapshotName(image.handle, id, operation),
  );
}
