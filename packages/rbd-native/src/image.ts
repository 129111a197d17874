import type { CallOptions, ProgressOptions } from "./call-options.ts";
import * as data from "./image/data.ts";
import { type DiffExtents, type DiffOptions, diffIterate } from "./image/diff.ts";
import * as encryption from "./image/encryption.ts";
import * as facts from "./image/facts.ts";
import * as lineage from "./image/lineage.ts";
import * as locks from "./image/locks.ts";
import * as metadata from "./image/metadata.ts";
import { OpenImage } from "./image/open-image.ts";
import * as ranges from "./image/ranges.ts";
import * as snapshots from "./image/snapshots.ts";
import * as watch from "./image/watch.ts";
import * as work from "./image/work.ts";
import { native } from "./internal/binding.ts";
import type { ImageRef } from "./internal/binding-types.ts";
import { change, read } from "./internal/call.ts";
import { checkBits } from "./internal/check.ts";
import { toRbdError } from "./internal/failure.ts";
import * as configuration from "./ioctx/configuration.ts";
import { IoCtx } from "./ioctx.ts";
import { ImageMirror } from "./mirror/image-mirror.ts";
import type { CopyOptions } from "./new-image-options.ts";

export interface ImageFacts {
  readonly id: string;
  readonly name: string;
  readonly size: number;
  readonly spec: string;
  readonly changes: Uint32Array;
}

/**
 * An open image. Calls may overlap; each rejects with an RbdError. Buffers given to a data call belong to it
 * until its promise is settled, and after an abort until the call itself is over.
 */
export class Image implements AsyncDisposable {
  readonly #image: OpenImage;
  readonly mirror: ImageMirror;
  /** As it was when the image was opened. */
  readonly name: string;
  /** "" for an image of the old format. */
  readonly id: string;

  /** Use {@link IoCtx.openImage}. */
  constructor(handle: ImageRef, { id, name, size, spec, changes }: ImageFacts) {
    this.#image = new OpenImage({ handle, spec, size, changes });
    this.mirror = new ImageMirror(this.#image);
    this.name = name;
    this.id = id;
  }

  /** For the other classes of this package. */
  static openImageOf(image: Image): OpenImage {
    return image.#image;
  }

  /** Wraps rbd_stat and rbd_get_block_name_prefix. */
  stat(o?: CallOptions): Promise<facts.ImageStat> {
    return facts.stat(this.#image, o);
  }

  /** Bytes, at the snapshot that the handle stands at. Wraps rbd_get_size. */
  size(o?: CallOptions): Promise<number> {
    return facts.size(this.#image, o);
  }

  /** Bits of {@link imageFeatures}. Wraps rbd_get_features. */
  features(o?: CallOptions): Promise<bigint> {
    return read(this.#image.spec, o, (operation) => native.imageFeatures(this.#image.handle, operation));
  }

  /** What operations the image takes part in. Wraps rbd_get_op_features. */
  opFeatures(o?: CallOptions): Promise<bigint> {
    return read(this.#image.spec, o, (operation) => native.imageOpFeatures(this.#image.handle, operation));
  }

  /** Bits of {@link imageFlags}: whether object map and fast-diff can be trusted. Wraps rbd_get_flags. */
  flags(o?: CallOptions): Promise<bigint> {
    return read(this.#image.spec, o, (operation) => native.imageFlags(this.#image.handle, operation));
  }

  /** Wraps rbd_get_stripe_unit and rbd_get_stripe_count. */
  stripe(o?: CallOptions): Promise<facts.Stripe> {
    return read(this.#image.spec, o, (operation) => native.imageStripe(this.#image.handle, operation));
  }

  /** Wraps rbd_get_old_format. */
  isOldFormat(o?: CallOptions): Promise<boolean> {
    return read(this.#image.spec, o, (operation) => native.imageIsOldFormat(this.#image.handle, operation));
  }

  /** The pool of its data objects, the image's own without a data pool. Wraps rbd_get_data_pool_id. */
  dataPoolId(o?: CallOptions): Promise<number> {
    return read(this.#image.spec, o, (operation) => native.imageDataPoolId(this.#image.handle, operation));
  }

  /** Wraps rbd_get_create_timestamp, rbd_get_access_timestamp and rbd_get_modify_timestamp. */
  timestamps(o?: CallOptions): Promise<facts.ImageTimestamps> {
    return facts.timestamps(this.#image, o);
  }

  /** Switches features on or off; what can be switched is the cluster's to say. Wraps rbd_update_features. */
  updateFeatures(features: bigint, enabled: boolean, o?: ProgressOptions): Promise<void> {
    return work.updateFeatures(this.#image, features, enabled, o);
  }

  /** The snapshot that it was cloned from, null without one. Wraps rbd_get_parent and rbd_get_overlap. */
  parent(o?: CallOptions): Promise<lineage.ParentImage | null> {
    return lineage.parent(this.#image, o);
  }

  /** Clones of one snapshot (by name or id) or of all of them, in all pools that can be read. Wraps rbd_list_children3. */
  listChildren(snapshot?: string | bigint, o?: CallOptions): Promise<lineage.LinkedImage[]> {
    return lineage.listLinked(this.#image, "rbd_list_children3", native.listChildren, snapshot, o);
  }

  /** Clones and their clones. Wraps rbd_list_descendants. */
  listDescendants(snapshot?: string | bigint, o?: CallOptions): Promise<lineage.LinkedImage[]> {
    return lineage.listLinked(this.#image, "rbd_list_descendants", native.listDescendants, snapshot, o);
  }

  /** All snapshots, those of groups, mirroring and the trash too, in the order they were taken. Wraps rbd_snap_list, rbd_snap_get_namespace_type, rbd_snap_get_timestamp, rbd_snap_is_protected, rbd_snap_get_trash_namespace. */
  listSnapshots(o?: CallOptions): Promise<snapshots.SnapshotEntry[]> {
    return snapshots.listSnapshots(this.#image, o);
  }

  /** Wraps rbd_snap_create2. */
  createSnapshot(name: string, o?: snapshots.CreateSnapshotOptions): Promise<void> {
    return snapshots.createSnapshot(this.#image, name, o);
  }

  /** By name, or by id (without options) for one of any kind. Wraps rbd_snap_remove2 and rbd_snap_remove_by_id. */
  removeSnapshot(snapshot: string | bigint, o?: snapshots.RemoveSnapshotOptions): Promise<void> {
    return snapshots.removeSnapshot(this.#image, snapshot, o);
  }

  /** Wraps rbd_snap_protect. */
  protectSnapshot(name: string, o?: CallOptions): Promise<void> {
    return snapshots.changeSnapshot(this.#image, "rbd_snap_protect", name, o);
  }

  /** Wraps rbd_snap_unprotect. */
  unprotectSnapshot(name: string, o?: CallOptions): Promise<void> {
    return snapshots.changeSnapshot(this.#image, "rbd_snap_unprotect", name, o);
  }

  /** Wraps rbd_snap_is_protected. */
  isSnapshotProtected(name: string, o?: CallOptions): Promise<boolean> {
    return snapshots.isSnapshotProtected(this.#image, name, o);
  }

  /** Wraps rbd_snap_exists. */
  snapshotExists(name: string, o?: CallOptions): Promise<boolean> {
    return snapshots.snapshotExists(this.#image, name, o);
  }

  /** Wraps rbd_snap_rename. */
  renameSnapshot(from: string, to: string, o?: CallOptions): Promise<void> {
    return snapshots.renameSnapshot(this.#image, from, to, o);
  }

  /** Wraps rbd_snap_get_id. */
  snapshotId(name: string, o?: CallOptions): Promise<bigint> {
    return snapshots.snapshotId(this.#image, name, o);
  }

  /** Wraps rbd_snap_get_name. */
  snapshotName(id: bigint, o?: CallOptions): Promise<string> {
    return snapshots.snapshotName(this.#image, id, o);
  }

  /** Sets the image back. Wraps rbd_snap_rollback_with_progress. */
  rollback(name: string, o?: ProgressOptions): Promise<void> {
    return snapshots.changeSnapshot(this.#image, "rbd_snap_rollback_with_progress", name, o);
  }

  /**
   * Where this handle reads from then on: a snapshot (by name or id), or null for the image itself. All calls
   * on the handle share it: open another handle to read in two places. Wraps rbd_snap_set and rbd_snap_set_by_id.
   */
  setSnapshot(snapshot: string | bigint | null, o?: CallOptions): Promise<void> {
    return snapshots.setSnapshot(this.#image, snapshot, o);
  }

  /** How many snapshots it may have; 2^64 - 1 without a limit. Wraps rbd_snap_get_limit. */
  snapshotLimit(o?: CallOptions): Promise<bigint> {
    return read(this.#image.spec, o, (operation) => native.getSnapshotLimit(this.#image.handle, operation));
  }

  /** Wraps rbd_snap_set_limit. */
  setSnapshotLimit(limit: bigint, o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.setSnapshotLimit(this.#image.handle, limit, operation),
    );
  }

  /**
   * What changed between a snapshot and where the handle stands, in batches of up to 4,096 extents. Leaving the
   * loop stops the call and is no error; other calls on the image may be made between batches. Diff snapshot to
   * snapshot: what is written meanwhile makes the answer meaningless. Wraps rbd_diff_iterate2 and rbd_diff_iterate3.
   */
  diffIterate(o?: DiffOptions): AsyncIterable<DiffExtents> {
    return diffIterate(this.#image, o);
  }

  /**
   * Reads a range and tells its data (`exists`) from its zeroes, in ascending extents that cover all of it; none
   * crosses a multiple of 256 MiB. The bytes stay outside JavaScript, at most 32 MiB at a time. After an abort it
   * rejects at once; at most that much is still read. Wraps rbd_aio_read2.
   *
   * @throws RbdError OUT_OF_RANGE for a range beyond the end, also when the image shrinks meanwhile.
   */
  scanZeroes(o?: ranges.RangeOptions & ranges.GrainOptions): AsyncIterable<DiffExtents> {
    return ranges.scanZeroes(this.#image, o);
  }

  /**
   * Where two images differ, or one at two snapshots: open it twice. An extent is some grains that differ, and
   * `exists` where this image holds data there, false where it holds zeroes: what would have to be written to the
   * other one. Ends early when the loop is left. Memory, extents, abort and errors as with {@link scanZeroes}; without a
   * range both must be of one size. Wraps rbd_aio_read2.
   */
  differences(other: Image, o?: ranges.RangeOptions & ranges.GrainOptions): AsyncIterable<DiffExtents> {
    return ranges.differences(this.#image, other.#image, o);
  }

  /**
   * XXH3-128 (big-endian, 16 bytes) of each block that the range touches, blocks being counted from the start of the
   * image; the first and the last one only of their part of the range. As {@link CopyJob.copy}: digested is each
   * 4 KiB page that is not all zero, with its place in the block and its length, so that holes cost nothing. Memory as
   * with {@link scanZeroes}, and the digests. Wraps rbd_aio_read2.
   */
  digestBlocks(o?: ranges.DigestOptions): Promise<Uint8Array> {
    return ranges.digestBlocks(this.#image, o);
  }

  /**
   * Reads as {@link read} does, and tells the data from the zeroes: `extents` as of {@link scanZeroes}. At most 1 GiB.
   * Wraps rbd_aio_read2.
   */
  readSparse(
    offset: number,
    lengthOrBuffer: number | Uint8Array,
    o?: ranges.GrainOptions,
  ): Promise<ranges.SparseRead> {
    return ranges.readSparse(this.#image, offset, lengthOrBuffer, o);
  }

  /**
   * Reads bytes into a new buffer, or into the one that is given. A range beyond the end is refused
   * (OUT_OF_RANGE). Wraps rbd_aio_read2.
   */
  read(offset: number, lengthOrBuffer: number | Uint8Array, o?: data.IoOptions): Promise<Buffer> {
    return data.read(this.#image, offset, lengthOrBuffer, o);
  }

  /** Writes all of data. A range beyond the end is refused (OUT_OF_RANGE). Wraps rbd_aio_write2. */
  write(offset: number, bytes: Uint8Array, o?: data.IoOptions): Promise<void> {
    return data.write(this.#image, offset, bytes, o);
  }

  /** Makes bytes zero, giving up their space where it can. Wraps rbd_aio_write_zeroes. */
  writeZeroes(offset: number, length: number, o?: data.WriteZeroesOptions): Promise<void> {
    return data.writeZeroes(this.#image, offset, length, o);
  }

  /**
   * Says that bytes are not needed any more. They need not read as zeroes after it: librbd leaves ranges smaller
   * than 64 KiB as they are (`rbd_skip_partial_discard`). For zeroes use {@link writeZeroes}. Wraps rbd_aio_discard.
   */
  discard(offset: number, length: number, o?: CallOptions): Promise<void> {
    return data.discard(this.#image, offset, length, o);
  }

  /** Fills a range with a pattern, whose length it must be a multiple of. Wraps rbd_aio_writesame. */
  writeSame(offset: number, length: number, pattern: Uint8Array, o?: data.IoOptions): Promise<void> {
    return data.writeSame(this.#image, offset, length, pattern, o);
  }

  /** Writes if the image holds what is expected, and says whether it did. One object at most. Wraps rbd_aio_compare_and_write. */
  compareAndWrite(
    offset: number,
    expected: Uint8Array,
    bytes: Uint8Array,
    o?: data.IoOptions,
  ): Promise<boolean> {
    return data.compareAndWrite(this.#image, offset, expected, bytes, o);
  }

  /** Fulfilled when all writes that were fulfilled before are safe. Wraps rbd_aio_flush. */
  flush(o?: CallOptions): Promise<void> {
    return data.flush(this.#image, o);
  }

  /** Forgets cached data. Wraps rbd_invalidate_cache. */
  invalidateCache(o?: CallOptions): Promise<void> {
    return work.workThrough(this.#image, native.invalidateCache, o);
  }

  /** Wraps rbd_resize2. */
  resize(size: number, o?: work.ResizeOptions): Promise<void> {
    return work.resize(this.#image, size, o);
  }

  /** Copies what it shares with its parent and leaves it. Cancelled, it keeps its parent. Wraps rbd_flatten_with_progress. */
  flatten(o?: ProgressOptions): Promise<void> {
    return work.workThrough(this.#image, native.flatten, o);
  }

  /** Gives up the space of runs of zeroes of at least sparseSize bytes (a power of two from 4096). Wraps rbd_sparsify_with_progress. */
  sparsify(sparseSize: number, o?: ProgressOptions): Promise<void> {
    return work.sparsify(this.#image, sparseSize, o);
  }

  /** Wraps rbd_rebuild_object_map. */
  rebuildObjectMap(o?: ProgressOptions): Promise<void> {
    return work.workThrough(this.#image, native.rebuildObjectMap, o);
  }

  /** Copies where the handle stands to a new image, without snapshots. Cannot be cancelled. Wraps rbd_copy_with_progress4. */
  copy(to: IoCtx, name: string, o?: work.CopyImageOptions): Promise<void> {
    return work.copy(this.#image, IoCtx.placeOf(to), name, o);
  }

  /** Copies onto another open image, at least as large. Cannot be cancelled. Wraps rbd_copy_with_progress2. */
  copyOnto(target: Image, o?: ProgressOptions): Promise<void> {
    return work.copyOnto(this.#image, target.#image, o);
  }

  /** Copies to a new image with all snapshots. Cannot be cancelled. Wraps rbd_deep_copy_with_progress. */
  deepCopy(to: IoCtx, name: string, o?: CopyOptions & ProgressOptions): Promise<void> {
    return work.deepCopy(this.#image, IoCtx.placeOf(to), name, o);
  }

  /** Who has the image open for writing; this handle is among them unless it is read-only. Wraps rbd_watchers_list. */
  listWatchers(o?: CallOptions): Promise<locks.Watcher[]> {
    return read(this.#image.spec, o, (operation) => native.listWatchers(this.#image.handle, operation));
  }

  /** The advisory locks on the image. Wraps rbd_list_lockers. */
  lockInfo(o?: CallOptions): Promise<locks.LockInfo> {
    return read(this.#image.spec, o, (operation) => native.listLockers(this.#image.handle, operation));
  }

  /** Takes the advisory lock alone. Wraps rbd_lock_exclusive. */
  lockExclusive(cookie: string, o?: CallOptions): Promise<void> {
    return locks.lockExclusive(this.#image, cookie, o);
  }

  /** Takes the advisory lock with all who give the same tag. Wraps rbd_lock_shared. */
  lockShared(cookie: string, tag: string, o?: CallOptions): Promise<void> {
    return locks.lockShared(this.#image, cookie, tag, o);
  }

  /** Wraps rbd_unlock. */
  unlock(cookie: string, o?: CallOptions): Promise<void> {
    return locks.unlock(this.#image, cookie, o);
  }

  /** Takes the advisory lock away from another client. Wraps rbd_break_lock. */
  breakLock(client: string, cookie: string, o?: CallOptions): Promise<void> {
    return locks.breakLock(this.#image, client, cookie, o);
  }

  /** Whether this handle holds the lock of the exclusive-lock feature. Wraps rbd_is_exclusive_lock_owner. */
  isExclusiveLockOwner(o?: CallOptions): Promise<boolean> {
    return read(this.#image.spec, o, (operation) =>
      native.isExclusiveLockOwner(this.#image.handle, operation),
    );
  }

  /** Who holds the lock of the exclusive-lock feature, undefined when nobody does. Wraps rbd_lock_get_owners. */
  exclusiveLockOwner(o?: CallOptions): Promise<string | undefined> {
    return locks.exclusiveLockOwner(this.#image, o);
  }

  /** Takes the lock of the exclusive-lock feature; its owner is asked to give it up. Wraps rbd_lock_acquire. */
  acquireExclusiveLock(o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.acquireExclusiveLock(this.#image.handle, operation),
    );
  }

  /** Wraps rbd_lock_release. */
  releaseExclusiveLock(o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.releaseExclusiveLock(this.#image.handle, operation),
    );
  }

  /** Takes the lock of the exclusive-lock feature away; the cluster shuts its owner out. Wraps rbd_lock_break. */
  breakExclusiveLock(owner: string, o?: CallOptions): Promise<void> {
    return locks.breakExclusiveLock(this.#image, owner, o);
  }

  /** Rejects with NOT_FOUND for a key that is not there. Wraps rbd_metadata_get. */
  getMetadata(key: string, o?: CallOptions): Promise<string> {
    return metadata.getMetadata(this.#image, key, o);
  }

  /** Wraps rbd_metadata_set. */
  setMetadata(key: string, value: string, o?: CallOptions): Promise<void> {
    return metadata.setMetadata(this.#image, key, value, o);
  }

  /** Wraps rbd_metadata_remove. */
  removeMetadata(key: string, o?: CallOptions): Promise<void> {
    return metadata.removeMetadata(this.#image, key, o);
  }

  /** Wraps rbd_metadata_list. */
  listMetadata(o?: CallOptions): Promise<Map<string, string>> {
    return metadata.listMetadata(this.#image, o);
  }

  /** librbd's settings for this image, and where they were set. Wraps rbd_config_image_list. */
  configuration(o?: CallOptions): Promise<configuration.ConfigurationEntry[]> {
    return configuration.imageConfiguration(this.#image, o);
  }

  /** The group that it is in, null without one. Wraps rbd_get_group. */
  group(o?: CallOptions): Promise<{ name: string; poolId: number } | null> {
    return read(this.#image.spec, o, (operation) => native.imageGroup(this.#image.handle, operation));
  }

  /** What a snapshot of kind "group" is part of. Wraps rbd_snap_get_group_namespace. */
  async groupOfSnapshot(
    id: bigint,
    o?: CallOptions,
  ): Promise<{ poolId: number; group: string; snapshot: string }> {
    checkBits("rbd_snap_get_group_namespace", this.#image.spec, "id", id);
    return await read(`${this.#image.spec}@#${id}`, o, (operation) =>
      native.snapshotGroup(this.#image.handle, id, operation),
    );
  }

  /** The JSON that names what an image in migration comes from. Wraps rbd_get_migration_source_spec. */
  migrationSource(o?: CallOptions): Promise<string> {
    return read(this.#image.spec, o, (operation) => native.migrationSource(this.#image.handle, operation));
  }

  /** Encrypts the image anew: what it held is lost. The handle reads and writes plain text then. Wraps rbd_encryption_format. */
  formatEncryption(passphrase: string | Uint8Array, o?: encryption.EncryptionOptions): Promise<void> {
    return encryption.formatEncryption(this.#image, passphrase, o);
  }

  /** Unlocks an encrypted image for this handle. Wraps rbd_encryption_load. */
  loadEncryption(passphrase: string | Uint8Array, o?: encryption.EncryptionOptions): Promise<void> {
    return encryption.loadEncryption(this.#image, passphrase, o);
  }

  /**
   * Unlocks an image whose ancestors have passphrases of their own: the image's first, then its parent's and so on;
   * the last one serves for all that follow. LUKS of either version. See `features().encryptionLayers`. Wraps
   * rbd_encryption_load2.
   */
  loadEncryptionLayers(passphrases: readonly (string | Uint8Array)[], o?: CallOptions): Promise<void> {
    return encryption.loadEncryptionLayers(this.#image, passphrases, o);
  }

  /** Goes on for ever: one turn for each change of the image by anybody, or for several at once. Wraps rbd_update_watch and rbd_update_unwatch. */
  watchUpdates(o?: CallOptions): AsyncIterable<void> {
    return watch.watchUpdates(this.#image, o);
  }

  /** Is asked to come to rest before a snapshot is taken. Wraps rbd_quiesce_watch, rbd_quiesce_complete and rbd_quiesce_unwatch. */
  watchQuiesce(listener: watch.QuiesceListener): Promise<watch.Watch> {
    return watch.watchQuiesce(this.#image, listener);
  }

  /** Latches it, waits for what is in flight, flushes and closes. Idempotent. Wraps rbd_close. */
  async close(): Promise<void> {
    try {
      await native.close(this.#image.handle);
    } catch (error) {
      throw toRbdError(error, this.#image.spec);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
