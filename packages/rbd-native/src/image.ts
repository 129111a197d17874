import type { ReadBlock, WriteBlock } from "./image/block.ts";
import { type CopyImageOptions, copyImage, copyOnto, deepCopyImage } from "./image/copy-image.ts";
import * as data from "./image/data.ts";
import { type DiffExtents, type DiffOptions, diffIterate } from "./image/diff.ts";
import * as encryption from "./image/encryption.ts";
import * as facts from "./image/facts.ts";
import { type OpenedImage, OpenImage, openImage } from "./image/open-image.ts";
import * as ranges from "./image/ranges.ts";
import * as snapshots from "./image/snapshots.ts";
import * as watch from "./image/watch.ts";
import { type ConfigurationEntry, type CopyOptions, toConfigurationEntries } from "./image-options.ts";
import { native } from "./internal/binding.ts";
import { type CallOptions, change, type ProgressOptions, read, toRbdError } from "./internal/call.ts";
import { checkBits, checkCount, checkName, checkText } from "./internal/check.ts";
import type { ImageRef, Operation } from "./internal/native-types.ts";
import type { PoolRef } from "./internal/open-pool.ts";
import { ImageMirror } from "./mirror.ts";
import type { LockInfo } from "./objects/object-lock.ts";

export interface ResizeOptions extends ProgressOptions {
  /** Without it a smaller size is refused. */
  readonly allowShrink?: boolean | undefined;
}

/**
 * An open image. Calls may overlap; each rejects with an RbdError. A buffer that is given to a data call belongs to it
 * until its promise is settled, also after an abort: do not change it, and do not transfer its memory.
 */
export class Image implements AsyncDisposable {
  /** For the other classes of this package. */
  readonly [openImage]: OpenImage;
  readonly mirror: ImageMirror;
  /** The name that the image had when it was opened. */
  readonly name: string;
  /** "" for an image of the old format. */
  readonly id: string;

  /** Use {@link IoCtx.openImage}. */
  constructor(opened: OpenedImage) {
    this[openImage] = new OpenImage(opened);
    this.mirror = new ImageMirror(this[openImage]);
    this.name = opened.name;
    this.id = opened.id;
  }

  get #image(): OpenImage {
    return this[openImage];
  }

  get #spec(): string {
    return this[openImage].spec;
  }

  #read<T>(
    o: CallOptions | undefined,
    call: (image: ImageRef, operation: Operation) => Promise<T>,
    object = this.#spec,
  ): Promise<T> {
    return read(object, o, (operation) => call(this.#image.handle, operation));
  }

  #change<T>(
    o: ProgressOptions | undefined,
    call: (image: ImageRef, operation: Operation) => Promise<T>,
    object = this.#spec,
  ): Promise<T> {
    return change(object, o, (operation) => call(this.#image.handle, operation));
  }

  /** Waits for the calls in flight, flushes and closes; later calls are refused. Idempotent. Wraps rbd_close. */
  async close(): Promise<void> {
    try {
      await native.close(this.#image.handle);
    } catch (error) {
      throw toRbdError(error, this.#spec);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // Facts, and where the image comes from.

  /** Wraps rbd_stat and rbd_get_block_name_prefix. */
  stat(o?: CallOptions): Promise<facts.ImageStat> {
    return this.#read(o, native.imageStat);
  }

  /** Bytes, at the snapshot that the handle is set to. Wraps rbd_get_size. */
  size(o?: CallOptions): Promise<number> {
    return this.#image.readSize(o);
  }

  /** Bits of {@link imageFeatures}. Wraps rbd_get_features. */
  features(o?: CallOptions): Promise<bigint> {
    return this.#read(o, native.imageFeatures);
  }

  /** The operations (clone v2, groups, …) that the image takes part in. Wraps rbd_get_op_features. */
  opFeatures(o?: CallOptions): Promise<bigint> {
    return this.#read(o, native.imageOpFeatures);
  }

  /** Bits of {@link imageFlags}: whether object map and fast-diff can be trusted. Wraps rbd_get_flags. */
  flags(o?: CallOptions): Promise<bigint> {
    return this.#read(o, native.imageFlags);
  }

  /** Wraps rbd_get_stripe_unit and rbd_get_stripe_count. */
  stripe(o?: CallOptions): Promise<facts.Stripe> {
    return this.#read(o, native.imageStripe);
  }

  /** Wraps rbd_get_old_format. */
  isOldFormat(o?: CallOptions): Promise<boolean> {
    return this.#read(o, native.imageIsOldFormat);
  }

  /** The pool of its data objects, the image's own without a data pool. Wraps rbd_get_data_pool_id. */
  dataPoolId(o?: CallOptions): Promise<number> {
    return this.#read(o, native.imageDataPoolId);
  }

  /** Wraps rbd_get_create_timestamp, rbd_get_access_timestamp and rbd_get_modify_timestamp. */
  timestamps(o?: CallOptions): Promise<facts.ImageTimestamps> {
    return facts.timestamps(this.#image, o);
  }

  /** Switches features on or off; the cluster decides which ones can be switched. Wraps rbd_update_features. */
  async updateFeatures(features: bigint, enabled: boolean, o?: ProgressOptions): Promise<void> {
    checkBits("rbd_update_features", this.#spec, "features", features);
    await this.#change(o, (image, operation) => native.updateFeatures(image, features, enabled, operation));
  }

  /** The snapshot that it was cloned from, null without one. Wraps rbd_get_parent and rbd_get_overlap. */
  parent(o?: CallOptions): Promise<facts.ParentImage | null> {
    return facts.parent(this.#image, o);
  }

  /** Clones of one snapshot (by name or id) or of all of them, in all pools that can be read. Wraps rbd_list_children3. */
  listChildren(snapshot?: string | bigint, o?: CallOptions): Promise<facts.LinkedImage[]> {
    return facts.listLinked(this.#image, "rbd_list_children3", native.listChildren, snapshot, o);
  }

  /** Clones and their clones. Wraps rbd_list_descendants. */
  listDescendants(snapshot?: string | bigint, o?: CallOptions): Promise<facts.LinkedImage[]> {
    return facts.listLinked(this.#image, "rbd_list_descendants", native.listDescendants, snapshot, o);
  }

  /** The group that it is in, null without one. Wraps rbd_get_group. */
  group(o?: CallOptions): Promise<{ name: string; poolId: number } | null> {
    return this.#read(o, native.imageGroup);
  }

  /** The JSON that describes the source of an image in migration. Wraps rbd_get_migration_source_spec. */
  migrationSource(o?: CallOptions): Promise<string> {
    return this.#read(o, native.migrationSource);
  }

  // Snapshots, and what changed between them.

  /** All snapshots, those of groups, mirroring and the trash too, in the order they were taken. Wraps rbd_snap_list, rbd_snap_get_namespace_type, rbd_snap_get_timestamp, rbd_snap_is_protected, rbd_snap_get_trash_namespace. */
  listSnapshots(o?: CallOptions): Promise<snapshots.SnapshotEntry[]> {
    return snapshots.listSnapshots(this.#image, o);
  }

  /** Wraps rbd_snap_create2. */
  createSnapshot(name: string, o?: snapshots.CreateSnapshotOptions): Promise<void> {
    return snapshots.createSnapshot(this.#image, name, o);
  }

  /** By name, or by id (without options) for a snapshot of any kind. Wraps rbd_snap_remove2 and rbd_snap_remove_by_id. */
  removeSnapshot(snapshot: string | bigint, o?: snapshots.RemoveSnapshotOptions): Promise<void> {
    return snapshots.removeSnapshot(this.#image, snapshot, o);
  }

  /** Wraps rbd_snap_protect. */
  async protectSnapshot(name: string, o?: CallOptions): Promise<void> {
    const object = this.#snapshotSpec("rbd_snap_protect", name);
    await this.#change(o, (image, operation) => native.protectSnapshot(image, name, operation), object);
  }

  /** Wraps rbd_snap_unprotect. */
  async unprotectSnapshot(name: string, o?: CallOptions): Promise<void> {
    const object = this.#snapshotSpec("rbd_snap_unprotect", name);
    await this.#change(o, (image, operation) => native.unprotectSnapshot(image, name, operation), object);
  }

  /** Wraps rbd_snap_is_protected. */
  async isSnapshotProtected(name: string, o?: CallOptions): Promise<boolean> {
    const object = this.#snapshotSpec("rbd_snap_is_protected", name);
    return await this.#read(o, (i, operation) => native.isSnapshotProtected(i, name, operation), object);
  }

  /** Wraps rbd_snap_exists. */
  async snapshotExists(name: string, o?: CallOptions): Promise<boolean> {
    checkName("rbd_snap_exists", this.#spec, "name", name);
    return await this.#read(o, (image, operation) => native.snapshotExists(image, name, operation));
  }

  /** Wraps rbd_snap_rename. */
  async renameSnapshot(from: string, to: string, o?: CallOptions): Promise<void> {
    const object = this.#snapshotSpec("rbd_snap_rename", from, "from");
    checkName("rbd_snap_rename", this.#spec, "to", to);
    await this.#change(o, (image, operation) => native.renameSnapshot(image, from, to, operation), object);
  }

  /** Wraps rbd_snap_get_id. */
  async snapshotId(name: string, o?: CallOptions): Promise<bigint> {
    const object = this.#snapshotSpec("rbd_snap_get_id", name);
    return await this.#read(o, (image, operation) => native.snapshotId(image, name, operation), object);
  }

  /** Wraps rbd_snap_get_name. */
  async snapshotName(id: bigint, o?: CallOptions): Promise<string> {
    checkBits("rbd_snap_get_name", this.#spec, "id", id);
    const object = `${this.#spec}@#${id}`;
    return await this.#read(o, (image, operation) => native.snapshotName(image, id, operation), object);
  }

  /** Rolls the image back to a snapshot. Wraps rbd_snap_rollback_with_progress. */
  async rollback(name: string, o?: ProgressOptions): Promise<void> {
    const object = this.#snapshotSpec("rbd_snap_rollback_with_progress", name);
    this.#image.checkUpToDate("rbd_snap_rollback_with_progress");
    await this.#change(o, (image, operation) => native.rollback(image, name, operation), object);
  }

  /**
   * Sets what this handle reads from then on: a snapshot (by name or id), or null for the image itself. All calls
   * on the handle share it: open another handle to read in two places. Wraps rbd_snap_set and rbd_snap_set_by_id.
   */
  async setSnapshot(snapshot: string | bigint | null, o?: CallOptions): Promise<void> {
    if (typeof snapshot === "bigint") checkBits("rbd_snap_set_by_id", this.#spec, "snapshot", snapshot);
    else if (snapshot !== null) checkName("rbd_snap_set", this.#spec, "snapshot", snapshot);
    const object = snapshot === null ? this.#spec : `${this.#spec}@${snapshot}`;
    await this.#image.updateSize(() =>
      this.#change(o, (image, operation) => native.setSnapshot(image, snapshot, operation), object),
    );
  }

  /** The largest number of snapshots that the image may have; 2^64 - 1 without a limit. Wraps rbd_snap_get_limit. */
  snapshotLimit(o?: CallOptions): Promise<bigint> {
    return this.#read(o, native.getSnapshotLimit);
  }

  /** Wraps rbd_snap_set_limit. */
  setSnapshotLimit(limit: bigint, o?: CallOptions): Promise<void> {
    return this.#change(o, (image, operation) => native.setSnapshotLimit(image, limit, operation));
  }

  /** The group snapshot that a snapshot of kind "group" is part of. Wraps rbd_snap_get_group_namespace. */
  async groupOfSnapshot(
    id: bigint,
    o?: CallOptions,
  ): Promise<{ poolId: number; group: string; snapshot: string }> {
    checkBits("rbd_snap_get_group_namespace", this.#spec, "id", id);
    const object = `${this.#spec}@#${id}`;
    return await this.#read(o, (image, operation) => native.snapshotGroup(image, id, operation), object);
  }

  /** "pool/image@snapshot", for messages. @throws RbdError INVALID_ARGUMENT for a name that C cannot take. */
  #snapshotSpec(call: string, name: string, what = "name"): string {
    return `${this.#spec}@${checkName(call, this.#spec, what, name)}`;
  }

  /**
   * The extents that changed between a snapshot and what the handle reads, in batches of up to 4,096 extents. Leaving
   * the loop stops the call and is no error; other calls on the image may be made between batches. Diff snapshot to
   * snapshot: writes during a diff of the image itself make the result meaningless. Wraps rbd_diff_iterate2 and
   * rbd_diff_iterate3.
   */
  diffIterate(o?: DiffOptions): AsyncIterable<DiffExtents> {
    return diffIterate(this.#image, o);
  }

  // Data.

  /**
   * Reads bytes into a new buffer, or into the one that is given. A range beyond the end is refused
   * (OUT_OF_RANGE). Wraps rbd_aio_read2.
   */
  read(offset: number, lengthOrBuffer: number | Uint8Array, o?: data.IoOptions): Promise<Buffer> {
    return data.read(this.#image, offset, lengthOrBuffer, o);
  }

  /**
   * Reads large ranges faster than {@link read}: the data stays in the memory that librbd received it in, until the
   * block is disposed of (`using`). Wraps rbd_aio_read2 of librbd's C++ interface.
   */
  readBlock(offset: number, length: number, o?: data.IoOptions): Promise<ReadBlock> {
    return data.readBlock(this.#image, offset, length, o);
  }

  /**
   * Writes all of data, of which librbd takes a copy. A range beyond the end is refused (OUT_OF_RANGE). Wraps
   * rbd_aio_write2.
   */
  write(offset: number, bytes: Uint8Array, o?: data.IoOptions): Promise<void> {
    return data.write(this.#image, offset, bytes, o);
  }

  /** Memory for {@link writeBlock}, of 1 byte to 1 GiB. */
  allocateBlock(length: number): WriteBlock {
    return data.allocateBlock(this.#image, length);
  }

  /**
   * Writes large ranges faster than {@link write}: all of the block, without a copy. From then on the block's `data` is
   * empty. A range beyond the end is refused (OUT_OF_RANGE), and leaves the block as it is. Wraps rbd_aio_write2 of
   * librbd's C++ interface.
   */
  writeBlock(offset: number, block: WriteBlock, o?: data.IoOptions): Promise<void> {
    return data.writeBlock(this.#image, offset, block, o);
  }

  /** Zeroes a range, and frees its space where possible. Wraps rbd_aio_write_zeroes. */
  writeZeroes(offset: number, length: number, o?: data.WriteZeroesOptions): Promise<void> {
    return data.writeZeroes(this.#image, offset, length, o);
  }

  /**
   * Discards bytes that are no longer needed. They may still read as before: librbd leaves ranges smaller than 64 KiB
   * as they are (`rbd_skip_partial_discard`). For zeroes use {@link writeZeroes}. Wraps rbd_aio_discard.
   */
  discard(offset: number, length: number, o?: CallOptions): Promise<void> {
    return data.discard(this.#image, offset, length, o);
  }

  /** Fills a range with a pattern, whose length it must be a multiple of. Wraps rbd_aio_writesame. */
  writeSame(offset: number, length: number, pattern: Uint8Array, o?: data.IoOptions): Promise<void> {
    return data.writeSame(this.#image, offset, length, pattern, o);
  }

  /**
   * Writes if the image holds the expected bytes, and returns whether it did. The range must lie within one 512-byte
   * sector with Ceph 16, and within one stripe unit (by default: one object) since Ceph 17. Wraps
   * rbd_aio_compare_and_write.
   */
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

  /** Drops cached data. Wraps rbd_invalidate_cache. */
  invalidateCache(o?: CallOptions): Promise<void> {
    return this.#change(o, native.invalidateCache);
  }

  // Work through ranges of its data outside JavaScript.

  /**
   * Reads a range and classifies it as data (`exists`) or zeroes, in ascending extents that cover all of it; none
   * crosses a multiple of 256 MiB. The bytes stay outside JavaScript, at most 32 MiB at a time. After an abort it
   * rejects at once; at most that much is still read. Wraps rbd_aio_read2.
   *
   * @throws RbdError OUT_OF_RANGE for a range beyond the end, also when the image shrinks during the call.
   */
  scanZeroes(o?: ranges.RangeOptions & ranges.GrainOptions): AsyncIterable<DiffExtents> {
    return ranges.scanZeroes(this.#image, o);
  }

  /**
   * The ranges in which two images differ, or one image at two snapshots, opened twice. An extent consists of grains that
   * differ; `exists` is true where this image holds data and false where it holds zeroes, as they would have to be
   * written to the other image. Leaving the loop ends the comparison. Memory, extents, abort and errors as with {@link scanZeroes}; without a
   * range both must be of one size. Wraps rbd_aio_read2.
   */
  differences(other: Image, o?: ranges.RangeOptions & ranges.GrainOptions): AsyncIterable<DiffExtents> {
    return ranges.differences(this.#image, other[openImage], o);
  }

  /**
   * XXH3-128 (big-endian, 16 bytes) of each block that the range touches, blocks being counted from the start of the
   * image; the first and the last one only of their part of the range. As {@link CopyJob.copy}: digested is each
   * 4 KiB page that is not all zero, with its place in the block and its length, so that holes cost no work. Memory as
   * with {@link scanZeroes}, and the digests. Wraps rbd_aio_read2.
   */
  digestBlocks(o?: ranges.DigestOptions): Promise<Uint8Array> {
    return ranges.digestBlocks(this.#image, o);
  }

  /**
   * Reads as {@link read} does, and classifies the range into data and zeroes: `extents` as of {@link scanZeroes}. At most 1 GiB.
   * Wraps rbd_aio_read2.
   */
  readSparse(
    offset: number,
    lengthOrBuffer: number | Uint8Array,
    o?: ranges.GrainOptions,
  ): Promise<ranges.SparseRead> {
    return ranges.readSparse(this.#image, offset, lengthOrBuffer, o);
  }

  // Changes of the whole image.

  /** Wraps rbd_resize2. */
  async resize(size: number, o?: ResizeOptions): Promise<void> {
    this.#image.checkUpToDate("rbd_resize2");
    checkCount("rbd_resize2", this.#spec, "size", size);
    const allowShrink = o?.allowShrink === true;
    await this.#change(o, (image, operation) => native.resize(image, size, allowShrink, operation));
    await this.#image.readSize();
  }

  /** Copies the data that it shares with its parent and detaches it. A cancelled call leaves it a clone. Wraps rbd_flatten_with_progress. */
  flatten(o?: ProgressOptions): Promise<void> {
    return this.#change(o, native.flatten);
  }

  /** Frees the space of runs of zeroes of at least sparseSize bytes (a power of two from 4096). Wraps rbd_sparsify_with_progress. */
  async sparsify(sparseSize: number, o?: ProgressOptions): Promise<void> {
    this.#image.checkUpToDate("rbd_sparsify_with_progress");
    checkCount("rbd_sparsify_with_progress", this.#spec, "sparseSize", sparseSize);
    await this.#change(o, (image, operation) => native.sparsify(image, sparseSize, operation));
  }

  /** Wraps rbd_rebuild_object_map. */
  rebuildObjectMap(o?: ProgressOptions): Promise<void> {
    return this.#change(o, native.rebuildObjectMap);
  }

  /** Copies what the handle reads to a new image, without snapshots. Cannot be cancelled. Wraps rbd_copy_with_progress4. */
  copy(to: PoolRef, name: string, o?: CopyImageOptions): Promise<void> {
    return copyImage(this.#image, to, name, o);
  }

  /** Copies onto another open image, at least as large. Cannot be cancelled. Wraps rbd_copy_with_progress2. */
  copyOnto(target: Image, o?: ProgressOptions): Promise<void> {
    return copyOnto(this.#image, target[openImage], o);
  }

  /** Copies to a new image with all snapshots. Cannot be cancelled. Wraps rbd_deep_copy_with_progress. */
  deepCopy(to: PoolRef, name: string, o?: CopyOptions & ProgressOptions): Promise<void> {
    return deepCopyImage(this.#image, to, name, o);
  }

  // Watchers and locks.

  /** The clients that have the image open for writing; this handle is among them unless it is read-only. Wraps rbd_watchers_list. */
  listWatchers(o?: CallOptions): Promise<facts.Watcher[]> {
    return this.#read(o, native.listWatchers);
  }

  /** The advisory locks on the image. Wraps rbd_list_lockers. */
  lockInfo(o?: CallOptions): Promise<LockInfo> {
    return this.#read(o, native.listLockers);
  }

  /** Takes the advisory lock alone. Wraps rbd_lock_exclusive. */
  async lockExclusive(cookie: string, o?: CallOptions): Promise<void> {
    checkText("rbd_lock_exclusive", this.#spec, "cookie", cookie);
    await this.#change(o, (image, operation) => native.lockExclusive(image, cookie, operation));
  }

  /** Takes the advisory lock together with all clients that give the same tag. Wraps rbd_lock_shared. */
  async lockShared(cookie: string, tag: string, o?: CallOptions): Promise<void> {
    checkText("rbd_lock_shared", this.#spec, "cookie", cookie);
    checkText("rbd_lock_shared", this.#spec, "tag", tag);
    await this.#change(o, (image, operation) => native.lockShared(image, cookie, tag, operation));
  }

  /** Wraps rbd_unlock. */
  async unlock(cookie: string, o?: CallOptions): Promise<void> {
    checkText("rbd_unlock", this.#spec, "cookie", cookie);
    await this.#change(o, (image, operation) => native.unlock(image, cookie, operation));
  }

  /** Takes the advisory lock away from another client. Wraps rbd_break_lock. */
  async breakLock(client: string, cookie: string, o?: CallOptions): Promise<void> {
    checkName("rbd_break_lock", this.#spec, "client", client);
    checkText("rbd_break_lock", this.#spec, "cookie", cookie);
    await this.#change(o, (image, operation) => native.breakLock(image, client, cookie, operation));
  }

  /** Whether this handle holds the lock of the exclusive-lock feature. Wraps rbd_is_exclusive_lock_owner. */
  isExclusiveLockOwner(o?: CallOptions): Promise<boolean> {
    return this.#read(o, native.isExclusiveLockOwner);
  }

  /** The client that holds the lock of the exclusive-lock feature, undefined without one. Wraps rbd_lock_get_owners. */
  async exclusiveLockOwner(o?: CallOptions): Promise<string | undefined> {
    const [owner] = await this.#read(o, native.exclusiveLockOwners);
    return owner;
  }

  /** Takes the lock of the exclusive-lock feature; its owner is asked to release it. Wraps rbd_lock_acquire. */
  acquireExclusiveLock(o?: CallOptions): Promise<void> {
    return this.#change(o, native.acquireExclusiveLock);
  }

  /** Wraps rbd_lock_release. */
  releaseExclusiveLock(o?: CallOptions): Promise<void> {
    return this.#change(o, native.releaseExclusiveLock);
  }

  /** Takes the lock of the exclusive-lock feature away; the cluster blocklists its owner. Wraps rbd_lock_break. */
  async breakExclusiveLock(owner: string, o?: CallOptions): Promise<void> {
    checkName("rbd_lock_break", this.#spec, "owner", owner);
    await this.#change(o, (image, operation) => native.breakExclusiveLock(image, owner, operation));
  }

  /** Never ends by itself: yields once for each change of the image by any client, or for several at once. Wraps rbd_update_watch and rbd_update_unwatch. */
  watchUpdates(o?: CallOptions): AsyncIterable<void> {
    return watch.watchUpdates(this.#image, o);
  }

  /** Calls the listener before each snapshot, so that it can quiesce. Wraps rbd_quiesce_watch, rbd_quiesce_complete and rbd_quiesce_unwatch. */
  watchQuiesce(listener: watch.QuiesceListener): Promise<watch.Watch> {
    return watch.watchQuiesce(this.#image, listener);
  }

  // Metadata, configuration, encryption.

  /** Rejects with NOT_FOUND for a key that is not there. Wraps rbd_metadata_get. */
  async getMetadata(key: string, o?: CallOptions): Promise<string> {
    checkName("rbd_metadata_get", this.#spec, "key", key);
    return await this.#read(o, (image, operation) => native.getMetadata(image, key, operation));
  }

  /** Wraps rbd_metadata_set. */
  async setMetadata(key: string, value: string, o?: CallOptions): Promise<void> {
    checkName("rbd_metadata_set", this.#spec, "key", key);
    checkText("rbd_metadata_set", this.#spec, "value", value);
    await this.#change(o, (image, operation) => native.setMetadata(image, key, value, operation));
  }

  /** Wraps rbd_metadata_remove. */
  async removeMetadata(key: string, o?: CallOptions): Promise<void> {
    checkName("rbd_metadata_remove", this.#spec, "key", key);
    await this.#change(o, (image, operation) => native.removeMetadata(image, key, operation));
  }

  /** Wraps rbd_metadata_list. */
  async listMetadata(o?: CallOptions): Promise<Map<string, string>> {
    return new Map(await this.#read(o, native.listMetadata));
  }

  /** librbd's settings for this image, and where they were set. Wraps rbd_config_image_list. */
  async configuration(o?: CallOptions): Promise<ConfigurationEntry[]> {
    return toConfigurationEntries(await this.#read(o, native.imageConfiguration));
  }

  /** Formats the image with LUKS: its data is lost. The handle reads and writes plain text afterwards. Wraps rbd_encryption_format. */
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
}
