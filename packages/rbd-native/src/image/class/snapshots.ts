import type { CallOptions, ProgressOptions } from "../../call-options.ts";
import { native } from "../../internal/binding.ts";
import { change, read } from "../../internal/call.ts";
import { checkBits } from "../../internal/check.ts";
import { type DiffExtents, type DiffOptions, diffIterate } from "../diff.ts";
import * as snapshots from "../snapshots.ts";
import { ImageFacts } from "./facts.ts";

/** Its snapshots, and what changed between them. */
export abstract class ImageSnapshots extends ImageFacts {
  /** All snapshots, those of groups, mirroring and the trash too, in the order they were taken. Wraps rbd_snap_list, rbd_snap_get_namespace_type, rbd_snap_get_timestamp, rbd_snap_is_protected, rbd_snap_get_trash_namespace. */
  listSnapshots(o?: CallOptions): Promise<snapshots.SnapshotEntry[]> {
    return snapshots.listSnapshots(this.opened, o);
  }

  /** Wraps rbd_snap_create2. */
  createSnapshot(name: string, o?: snapshots.CreateSnapshotOptions): Promise<void> {
    return snapshots.createSnapshot(this.opened, name, o);
  }

  /** By name, or by id (without options) for one of any kind. Wraps rbd_snap_remove2 and rbd_snap_remove_by_id. */
  removeSnapshot(snapshot: string | bigint, o?: snapshots.RemoveSnapshotOptions): Promise<void> {
    return snapshots.removeSnapshot(this.opened, snapshot, o);
  }

  /** Wraps rbd_snap_protect. */
  protectSnapshot(name: string, o?: CallOptions): Promise<void> {
    return snapshots.changeSnapshot(this.opened, "rbd_snap_protect", name, o);
  }

  /** Wraps rbd_snap_unprotect. */
  unprotectSnapshot(name: string, o?: CallOptions): Promise<void> {
    return snapshots.changeSnapshot(this.opened, "rbd_snap_unprotect", name, o);
  }

  /** Wraps rbd_snap_is_protected. */
  isSnapshotProtected(name: string, o?: CallOptions): Promise<boolean> {
    return snapshots.isSnapshotProtected(this.opened, name, o);
  }

  /** Wraps rbd_snap_exists. */
  snapshotExists(name: string, o?: CallOptions): Promise<boolean> {
    return snapshots.snapshotExists(this.opened, name, o);
  }

  /** Wraps rbd_snap_rename. */
  renameSnapshot(from: string, to: string, o?: CallOptions): Promise<void> {
    return snapshots.renameSnapshot(this.opened, from, to, o);
  }

  /** Wraps rbd_snap_get_id. */
  snapshotId(name: string, o?: CallOptions): Promise<bigint> {
    return snapshots.snapshotId(this.opened, name, o);
  }

  /** Wraps rbd_snap_get_name. */
  snapshotName(id: bigint, o?: CallOptions): Promise<string> {
    return snapshots.snapshotName(this.opened, id, o);
  }

  /** Sets the image back. Wraps rbd_snap_rollback_with_progress. */
  rollback(name: string, o?: ProgressOptions): Promise<void> {
    return snapshots.changeSnapshot(this.opened, "rbd_snap_rollback_with_progress", name, o);
  }

  /**
   * Where this handle reads from then on: a snapshot (by name or id), or null for the image itself. All calls
   * on the handle share it: open another handle to read in two places. Wraps rbd_snap_set and rbd_snap_set_by_id.
   */
  setSnapshot(snapshot: string | bigint | null, o?: CallOptions): Promise<void> {
    return snapshots.setSnapshot(this.opened, snapshot, o);
  }

  /** How many snapshots it may have; 2^64 - 1 without a limit. Wraps rbd_snap_get_limit. */
  snapshotLimit(o?: CallOptions): Promise<bigint> {
    return read(this.opened.spec, o, (operation) => native.getSnapshotLimit(this.opened.handle, operation));
  }

  /** Wraps rbd_snap_set_limit. */
  setSnapshotLimit(limit: bigint, o?: CallOptions): Promise<void> {
    return change(this.opened.spec, o, (operation) =>
      native.setSnapshotLimit(this.opened.handle, limit, operation),
    );
  }

  /** What a snapshot of kind "group" is part of. Wraps rbd_snap_get_group_namespace. */
  async groupOfSnapshot(
    id: bigint,
    o?: CallOptions,
  ): Promise<{ poolId: number; group: string; snapshot: string }> {
    checkBits("rbd_snap_get_group_namespace", this.opened.spec, "id", id);
    return await read(`${this.opened.spec}@#${id}`, o, (operation) =>
      native.snapshotGroup(this.opened.handle, id, operation),
    );
  }

  /**
   * What changed between a snapshot and where the handle stands, in batches of up to 4,096 extents. Leaving the
   * loop stops the call and is no error; other calls on the image may be made between batches. Diff snapshot to
   * snapshot: what is written meanwhile makes the answer meaningless. Wraps rbd_diff_iterate2 and rbd_diff_iterate3.
   */
  diffIterate(o?: DiffOptions): AsyncIterable<DiffExtents> {
    return diffIterate(this.opened, o);
  }
}
