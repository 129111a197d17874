import type { CallOptions, ProgressOptions } from "./call-options.ts";
import { Group } from "./group.ts";
import { Image } from "./image.ts";
import { native } from "./internal/binding.ts";
import type { IoCtxRef } from "./internal/binding-types.ts";
import { change, read } from "./internal/call.ts";
import { checkName } from "./internal/check.ts";
import { toRbdError } from "./internal/failure.ts";
import * as configuration from "./ioctx/configuration.ts";
import * as images from "./ioctx/images.ts";
import { Migrations } from "./ioctx/migrations.ts";
import * as namespaces from "./ioctx/namespaces.ts";
import { type ImageReference, type OpenImageOptions, openImage } from "./ioctx/open-image.ts";
import { type Place, spec } from "./ioctx/place.ts";
import * as metadata from "./ioctx/pool-metadata.ts";
import * as trash from "./ioctx/trash.ts";
import { PoolMirror } from "./mirror/pool-mirror.ts";
import type { CloneOptions } from "./new-image-options.ts";
import { ObjectStore } from "./objects.ts";

export interface CloneParent {
  readonly pool: IoCtx;
  readonly image: string;
  /** By name or (see `features().cloneBySnapshotId`) by id. */
  readonly snapshot: string | bigint;
}

/**
 * A pool, at one namespace. Closing it closes the images that were opened through it, after the calls in flight.
 */
export class IoCtx implements AsyncDisposable {
  readonly #place: Place;
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
    this.#place = { handle, poolName: at.poolName, namespace: at.namespace };
    this.objects = new ObjectStore(this.#place);
    this.mirror = new PoolMirror(this.#place);
    this.migrations = new Migrations(this.#place);
    this.poolName = at.poolName;
    this.poolId = at.poolId;
    this.namespace = at.namespace;
  }

  /** For the other classes of this package. */
  static placeOf(ioctx: IoCtx): Place {
    return ioctx.#place;
  }

  /** Makes the pool one for RBD; `force` even when another application uses it. Wraps rbd_pool_init. */
  initPool(o?: CallOptions & { readonly force?: boolean }): Promise<void> {
    return change(spec(this.#place), o, (operation) =>
      native.initPool(this.#place.handle, o?.force === true, operation),
    );
  }

  /** The pool's namespaces without the default one. Wraps rbd_namespace_list. */
  listNamespaces(o?: CallOptions): Promise<string[]> {
    return namespaces.listNamespaces(this.#place, o);
  }

  /** Wraps rbd_namespace_create. */
  createNamespace(name: string, o?: CallOptions): Promise<void> {
    return namespaces.createNamespace(this.#place, name, o);
  }

  /** It must be empty, its trash too. Wraps rbd_namespace_remove. */
  removeNamespace(name: string, o?: CallOptions): Promise<void> {
    return namespaces.removeNamespace(this.#place, name, o);
  }

  /** Wraps rbd_namespace_exists. */
  namespaceExists(name: string, o?: CallOptions): Promise<boolean> {
    return namespaces.namespaceExists(this.#place, name, o);
  }

  /** The images of this namespace without those in the trash. Wraps rbd_list2. */
  listImages(o?: CallOptions): Promise<images.ImageEntry[]> {
    return images.listImages(this.#place, o);
  }

  /** Wraps rbd_create4. */
  createImage(name: string, o: images.CreateImageOptions): Promise<void> {
    return images.createImage(this.#place, name, o);
  }

  /** Opens an image, with a watcher on it unless it is read-only. Wraps rbd_open, rbd_open_by_id and their _read_only variants. */
  async openImage(image: ImageReference, o?: OpenImageOptions): Promise<Image> {
    return new Image(await openImage(this.#place, image, o));
  }

  /** Makes an image of this namespace from a snapshot of any pool. Wraps rbd_clone3 and rbd_clone4. */
  clone(parent: CloneParent, target: string, o?: CloneOptions & CallOptions): Promise<void> {
    const { image, snapshot } = parent;
    return images.cloneImage({ ...IoCtx.placeOf(parent.pool), image, snapshot }, this.#place, target, o);
  }

  /** Wraps rbd_rename. */
  renameImage(from: string, to: string, o?: CallOptions): Promise<void> {
    return images.renameImage(this.#place, from, to, o);
  }

  /** Removes an image for good. Cancelled half-way it stays listed, without all of its data. Wraps rbd_remove_with_progress. */
  removeImage(name: string, o?: ProgressOptions): Promise<void> {
    return images.removeImage(this.#place, name, o);
  }

  /** Wraps rbd_trash_list. */
  listTrash(o?: CallOptions): Promise<trash.TrashedImage[]> {
    return trash.listTrash(this.#place, o);
  }

  /** Wraps rbd_trash_get. */
  getTrash(id: string, o?: CallOptions): Promise<trash.TrashedImage> {
    return trash.getTrash(this.#place, id, o);
  }

  /** Wraps rbd_trash_move. */
  trashMove(name: string, o?: trash.TrashMoveOptions): Promise<void> {
    return trash.trashMove(this.#place, name, o);
  }

  /** Wraps rbd_trash_restore. */
  trashRestore(id: string, name: string, o?: CallOptions): Promise<void> {
    return trash.trashRestore(this.#place, id, name, o);
  }

  /** Wraps rbd_trash_remove_with_progress. */
  trashRemove(id: string, o?: trash.TrashRemoveOptions): Promise<void> {
    return trash.trashRemove(this.#place, id, o);
  }

  /** Removes what has expired. Wraps rbd_trash_purge_with_progress. */
  trashPurge(o?: trash.TrashPurgeOptions): Promise<void> {
    return trash.trashPurge(this.#place, o);
  }

  /** Rejects with NOT_FOUND for a key that is not there. Wraps rbd_pool_metadata_get. */
  getMetadata(key: string, o?: CallOptions): Promise<string> {
    return metadata.getPoolMetadata(this.#place, key, o);
  }

  /** Wraps rbd_pool_metadata_set. */
  setMetadata(key: string, value: string, o?: CallOptions): Promise<void> {
    return metadata.setPoolMetadata(this.#place, key, value, o);
  }

  /** Wraps rbd_pool_metadata_remove. */
  removeMetadata(key: string, o?: CallOptions): Promise<void> {
    return metadata.removePoolMetadata(this.#place, key, o);
  }

  /** Wraps rbd_pool_metadata_list. */
  listMetadata(o?: CallOptions): Promise<Map<string, string>> {
    return metadata.listPoolMetadata(this.#place, o);
  }

  /** librbd's settings for images of this pool, and where they were set. Wraps rbd_config_pool_list. */
  configuration(o?: CallOptions): Promise<configuration.ConfigurationEntry[]> {
    return configuration.poolConfiguration(this.#place, o);
  }

  /** Opens every image to count: slow in a large pool. Wraps rbd_pool_stats_get. */
  stats(o?: CallOptions): Promise<configuration.PoolStats> {
    return configuration.poolStats(this.#place, o);
  }

  /** Wraps rbd_group_list. */
  listGroups(o?: CallOptions): Promise<string[]> {
    return read(spec(this.#place), o, (operation) => native.listGroups(this.#place.handle, operation));
  }

  /** A group of this namespace, whether it is there or not: see {@link Group.create}. */
  group(name: string): Group {
    return new Group(this.#place, checkName("rbd_group_create", spec(this.#place), "name", name));
  }

  /** Latches it and its images, waits for what is in flight, closes. Idempotent. Wraps rados_ioctx_destroy. */
  async close(): Promise<void> {
    try {
      await native.close(this.#place.handle);
    } catch (error) {
      throw toRbdError(error, spec(this.#place));
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
