import { Group } from "./group.ts";
import { Image } from "./image.ts";
import {
  type CloneOptions,
  type ConfigurationEntry,
  type NewImageOptions,
  toConfigurationEntries,
  toNativeNewImage,
} from "./image-options.ts";
import { native } from "./internal/binding.ts";
import { type CallOptions, change, type ProgressOptions, read, toRbdError } from "./internal/call.ts";
import { checkBits, checkCount, checkDate, checkName, checkText, refuse } from "./internal/check.ts";
import type { IoCtxRef, NativeTrashed, Operation } from "./internal/native-types.ts";
import { type OpenPool, openPool, spec, specIn } from "./internal/open-pool.ts";
import { Migrations } from "./migrations.ts";
import { PoolMirror } from "./mirror.ts";
import { ObjectStore } from "./objects/object-store.ts";

export interface ImageEntry {
  /** Empty for an image of the old format. */
  readonly id: string;
  readonly name: string;
}

export interface CreateImageOptions extends NewImageOptions, CallOptions {
  /** Bytes. */
  readonly size: number;
}

export interface CloneParent {
  readonly pool: IoCtx;
  readonly image: string;
  /** By name or (see `features().cloneBySnapshotId`) by id. */
  readonly snapshot: string | bigint;
}

export interface OpenImageOptions extends CallOptions {
  /** Without a watcher on the image: nothing can be written, and what other clients change (its size, its snapshots) stays unseen until it is opened again. */
  readonly readOnly?: boolean | undefined;
  /** Open it as it was at this snapshot. */
  readonly snapshot?: string | undefined;
}

/** By name, or by the id that {@link ImageEntry} and the trash give. */
export type ImageReference = string | { readonly id: string };

const trashSources = ["user", "mirroring", "migration", "removing", "user-parent"] as const;

/** What moved an image to the trash. */
export type TrashSource = (typeof trashSources)[number] | "unknown";

export interface TrashedImage {
  readonly id: string;
  readonly name: string;
  readonly source: TrashSource;
  readonly deletedAt: Date;
  /** It cannot be removed before, except by force. */
  readonly deferredUntil: Date;
}

export interface TrashMoveOptions extends CallOptions {
  /** How long it cannot be removed; 0 without it. */
  readonly delaySeconds?: number | undefined;
}

export interface TrashRemoveOptions extends ProgressOptions {
  /** Remove it even before `deferredUntil`. */
  readonly force?: boolean | undefined;
}

export interface TrashPurgeOptions extends ProgressOptions {
  /** Only images whose `deferredUntil` is before this date; now without it. Not together with `threshold`. */
  readonly expiredBefore?: Date | undefined;
  /** Remove until no more than this part of the pool is used, from 0 to 1: even images whose deferment has not ended. */
  readonly threshold?: number | undefined;
}

export interface PoolStats {
  readonly images: number;
  readonly provisionedBytes: number;
  /** With the sizes of all snapshots. */
  readonly maxProvisionedBytes: number;
  readonly snapshots: number;
  readonly trashImages: number;
  readonly trashProvisionedBytes: number;
  readonly trashMaxProvisionedBytes: number;
  readonly trashSnapshots: number;
}

/**
 * A pool, at one namespace. Closing it closes the images that were opened through it, after the calls in flight.
 */
export class IoCtx implements AsyncDisposable {
  /** For the other classes of this package. */
  readonly [openPool]: OpenPool;
  /** The RADOS objects behind the images. */
  readonly objects: ObjectStore;
  readonly mirror: PoolMirror;
  readonly migrations: Migrations;
  readonly poolName: string;
  readonly poolId: number;
  /** "" is the default one. */
  readonly namespace: string;

  /** Use {@link Cluster.openPool}. */
  constructor(handle: IoCtxRef, at: { poolName: string; poolId: number; namespace: string }) {
    const pool = { handle, poolName: at.poolName, namespace: at.namespace };
    this[openPool] = pool;
    this.objects = new ObjectStore(pool);
    this.mirror = new PoolMirror(pool);
    this.migrations = new Migrations(pool);
    this.poolName = at.poolName;
    this.poolId = at.poolId;
    this.namespace = at.namespace;
  }

  /** "pool[/namespace]", for messages. */
  get #spec(): string {
    return spec(this[openPool]);
  }

  /** "pool/[namespace/]name", for messages. @throws RbdError INVALID_ARGUMENT for a name that C cannot take. */
  #specOf(call: string, what: string, name: unknown): string {
    return specIn(this[openPool], checkName(call, this.#spec, what, name));
  }

  #read<T>(
    o: CallOptions | undefined,
    call: (io: IoCtxRef, operation: Operation) => Promise<T>,
    object = this.#spec,
  ): Promise<T> {
    return read(object, o, (operation) => call(this[openPool].handle, operation));
  }

  #change<T>(
    o: ProgressOptions | undefined,
    call: (io: IoCtxRef, operation: Operation) => Promise<T>,
    object = this.#spec,
  ): Promise<T> {
    return change(object, o, (operation) => call(this[openPool].handle, operation));
  }

  /** Waits for the calls in flight, closes its images and the pool; later calls are refused. Idempotent. Wraps rados_ioctx_destroy. */
  async close(): Promise<void> {
    try {
      await native.close(this[openPool].handle);
    } catch (error) {
      throw toRbdError(error, this.#spec);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // The pool and its namespaces.

  /** Initialises the pool for RBD; `force` even when another application uses it. Wraps rbd_pool_init. */
  initPool(o?: CallOptions & { readonly force?: boolean }): Promise<void> {
    return this.#change(o, (io, operation) => native.initPool(io, o?.force === true, operation));
  }

  /** The pool's namespaces without the default one. Wraps rbd_namespace_list. */
  listNamespaces(o?: CallOptions): Promise<string[]> {
    return this.#read(o, native.listNamespaces);
  }

  /** Wraps rbd_namespace_create. */
  async createNamespace(name: string, o?: CallOptions): Promise<void> {
    checkName("rbd_namespace_create", this.#spec, "name", name);
    await this.#change(o, (io, operation) => native.createNamespace(io, name, operation));
  }

  /** The namespace must be empty, its trash too. Wraps rbd_namespace_remove. */
  async removeNamespace(name: string, o?: CallOptions): Promise<void> {
    checkName("rbd_namespace_remove", this.#spec, "name", name);
    await this.#change(o, (io, operation) => native.removeNamespace(io, name, operation));
  }

  /** Wraps rbd_namespace_exists. */
  async namespaceExists(name: string, o?: CallOptions): Promise<boolean> {
    checkName("rbd_namespace_exists", this.#spec, "name", name);
    return await this.#read(o, (io, operation) => native.namespaceExists(io, name, operation));
  }

  /** Opens every image to count: slow in a large pool. Wraps rbd_pool_stats_get. */
  async stats(o?: CallOptions): Promise<PoolStats> {
    const found = await this.#read(o, native.poolStats);
    const at = (i: number) => found[i] as number;
    return {
      images: at(0),
      provisionedBytes: at(1),
      maxProvisionedBytes: at(2),
      snapshots: at(3),
      trashImages: at(4),
      trashProvisionedBytes: at(5),
      trashMaxProvisionedBytes: at(6),
      trashSnapshots: at(7),
    };
  }

  /** librbd's settings for images of this pool, and where they were set. Wraps rbd_config_pool_list. */
  async configuration(o?: CallOptions): Promise<ConfigurationEntry[]> {
    return toConfigurationEntries(await this.#read(o, native.poolConfiguration));
  }

  /** Rejects with NOT_FOUND for a key that is not there. Wraps rbd_pool_metadata_get. */
  async getMetadata(key: string, o?: CallOptions): Promise<string> {
    checkName("rbd_pool_metadata_get", this.#spec, "key", key);
    return await this.#read(o, (io, operation) => native.getPoolMetadata(io, key, operation));
  }

  /** Wraps rbd_pool_metadata_set. */
  async setMetadata(key: string, value: string, o?: CallOptions): Promise<void> {
    checkName("rbd_pool_metadata_set", this.#spec, "key", key);
    checkText("rbd_pool_metadata_set", this.#spec, "value", value);
    await this.#change(o, (io, operation) => native.setPoolMetadata(io, key, value, operation));
  }

  /** Wraps rbd_pool_metadata_remove. */
  async removeMetadata(key: string, o?: CallOptions): Promise<void> {
    checkName("rbd_pool_metadata_remove", this.#spec, "key", key);
    await this.#change(o, (io, operation) => native.removePoolMetadata(io, key, operation));
  }

  /** Wraps rbd_pool_metadata_list. */
  async listMetadata(o?: CallOptions): Promise<Map<string, string>> {
    return new Map(await this.#read(o, native.listPoolMetadata));
  }

  // Images.

  /** The images of this namespace without those in the trash. Wraps rbd_list2. */
  listImages(o?: CallOptions): Promise<ImageEntry[]> {
    return this.#read(o, native.listImages);
  }

  /** Wraps rbd_create4. */
  async createImage(name: string, o: CreateImageOptions): Promise<void> {
    const call = "rbd_create4";
    const object = this.#specOf(call, "name", name);
    const size = checkCount(call, object, "size", o.size);
    const options = toNativeNewImage(call, object, o);
    await this.#change(o, (io, operation) => native.createImage(io, name, size, options, operation), object);
  }

  /** Opens an image, with a watcher on it unless it is read-only. Wraps rbd_open, rbd_open_by_id and their _read_only variants. */
  async openImage(image: ImageReference, o?: OpenImageOptions): Promise<Image> {
    const call = o?.readOnly ? "rbd_open_read_only" : "rbd_open";
    const pool = this[openPool];
    const byId = typeof image !== "string";
    const reference = checkName(call, this.#spec, byId ? "id" : "name", byId ? image?.id : image);
    const snapshot =
      o?.snapshot === undefined ? undefined : checkName(call, this.#spec, "snapshot", o.snapshot);
    const object =
      snapshot === undefined ? specIn(pool, reference) : `${specIn(pool, reference)}@${snapshot}`;
    const opened = await read(
      object,
      o,
      (operation) =>
        native.openImage(pool.handle, reference, byId, o?.readOnly === true, snapshot, operation),
      (late) => void native.close(late.handle),
    );
    return new Image({ ...opened, spec: specIn(pool, opened.name) });
  }

  /** Makes an image of this namespace from a snapshot of any pool. Wraps rbd_clone3 and rbd_clone4. */
  async clone(parent: CloneParent, target: string, o?: CloneOptions & CallOptions): Promise<void> {
    const { image, snapshot } = parent;
    const byId = typeof snapshot === "bigint";
    const call = byId ? "rbd_clone4" : "rbd_clone3";
    const from = parent.pool[openPool];
    const parentSpec = specIn(from, checkName(call, spec(from), "image", image));
    const source = byId ? `${parentSpec}@#${snapshot}` : `${parentSpec}@${snapshot}`;
    if (byId) checkBits(call, source, "snapshot", snapshot);
    else checkName(call, source, "snapshot", snapshot);
    const object = this.#specOf(call, "target", target);
    const options = toNativeNewImage(call, object, o);
    await this.#change(
      o,
      (io, operation) => native.cloneImage(from.handle, image, snapshot, io, target, options, operation),
      `${object} from ${source}`,
    );
  }

  /** Wraps rbd_rename. */
  async renameImage(from: string, to: string, o?: CallOptions): Promise<void> {
    const object = this.#specOf("rbd_rename", "from", from);
    checkName("rbd_rename", object, "to", to);
    await this.#change(o, (io, operation) => native.renameImage(io, from, to, operation), object);
  }

  /** Removes an image without the trash. After a cancelled call the image is still listed, but part of its data is gone. Wraps rbd_remove_with_progress. */
  async removeImage(name: string, o?: ProgressOptions): Promise<void> {
    const object = this.#specOf("rbd_remove_with_progress", "name", name);
    await this.#change(o, (io, operation) => native.removeImage(io, name, operation), object);
  }

  // The trash.

  /** Wraps rbd_trash_list. */
  async listTrash(o?: CallOptions): Promise<TrashedImage[]> {
    return (await this.#read(o, native.listTrash)).map(toTrashedImage);
  }

  /** Wraps rbd_trash_get. */
  async getTrash(id: string, o?: CallOptions): Promise<TrashedImage> {
    const object = this.#specOf("rbd_trash_get", "id", id);
    return toTrashedImage(await this.#read(o, (io, operation) => native.getTrash(io, id, operation), object));
  }

  /** Wraps rbd_trash_move. */
  async trashMove(name: string, o?: TrashMoveOptions): Promise<void> {
    const object = this.#specOf("rbd_trash_move", "name", name);
    const delay = checkCount("rbd_trash_move", object, "delaySeconds", o?.delaySeconds ?? 0);
    // Ceph's times have 32 bits: a later end would wrap around, and the image could be removed at once.
    if (Date.now() / 1000 + delay >= 2 ** 32 - 1) {
      refuse(
        "rbd_trash_move",
        object,
        `delaySeconds must end before the year 2106, not after ${delay} seconds`,
      );
    }
    await this.#change(o, (io, operation) => native.trashMove(io, name, delay, operation), object);
  }

  /** Wraps rbd_trash_restore. */
  async trashRestore(id: string, name: string, o?: CallOptions): Promise<void> {
    const object = this.#specOf("rbd_trash_restore", "id", id);
    checkName("rbd_trash_restore", object, "name", name);
    await this.#change(o, (io, operation) => native.trashRestore(io, id, name, operation), object);
  }

  /** Wraps rbd_trash_remove_with_progress. */
  async trashRemove(id: string, o?: TrashRemoveOptions): Promise<void> {
    const object = this.#specOf("rbd_trash_remove_with_progress", "id", id);
    await this.#change(
      o,
      (io, operation) => native.trashRemove(io, id, o?.force === true, operation),
      object,
    );
  }

  /** Removes the images whose deferment has ended. Wraps rbd_trash_purge_with_progress. */
  async trashPurge(o?: TrashPurgeOptions): Promise<void> {
    const call = "rbd_trash_purge_with_progress";
    const { expiredBefore, threshold } = o ?? {};
    if (threshold !== undefined && !(threshold >= 0 && threshold <= 1)) {
      refuse(call, this.#spec, `threshold must be from 0 to 1, not ${threshold}`);
    }
    if (threshold !== undefined && expiredBefore !== undefined) {
      refuse(
        call,
        this.#spec,
        "threshold and expiredBefore cannot be combined: librbd would ignore the date",
      );
    }
    o?.signal?.throwIfAborted();
    // librbd purges what expired at the given second or earlier.
    const lastSecond =
      expiredBefore === undefined
        ? Math.floor(Date.now() / 1000)
        : Math.ceil(checkDate(call, this.#spec, "expiredBefore", expiredBefore) / 1000) - 1;
    // librbd takes 0 as "now". Nothing expires that early.
    if (lastSecond <= 0) return;
    await this.#change(o, (io, operation) => native.trashPurge(io, lastSecond, threshold ?? -1, operation));
  }

  // Groups.

  /** Wraps rbd_group_list. */
  listGroups(o?: CallOptions): Promise<string[]> {
    return this.#read(o, native.listGroups);
  }

  /** A group of this namespace, whether or not it exists: see {@link Group.create}. */
  group(name: string): Group {
    return new Group(this[openPool], checkName("rbd_group_create", this.#spec, "name", name));
  }
}

function toTrashedImage(native: NativeTrashed): TrashedImage {
  const { id, name, source, deletedAt, deferredUntil } = native;
  return {
    id,
    name,
    source: trashSources[source] ?? "unknown",
    deletedAt: new Date(deletedAt),
    deferredUntil: new Date(deferredUntil),
  };
}
