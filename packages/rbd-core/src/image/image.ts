import { type Image, type IoCtx, writeSteps } from "rbd-native";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  DecodeError,
  decodeDirectoryEntry,
  directoryNameKey,
  directoryObject,
  headerObject,
  ignoreNotFound,
  readImageId,
  readOmapValue,
  trashObject,
} from "../headers/index.ts";
import {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
  toImageSpec,
} from "../names/index.ts";
import { isIdMadeBy, type RecordedOperation, readOperation, toInfo } from "../operation/index.ts";

export interface CreateImageOptions extends CallOptions {
  /** Bytes. */
  size: number;
  /** `RBD_FEATURE_*` bits. Default: the cluster's configuration. */
  features?: bigint | undefined;
  /** Bytes, a power of two. Default: the cluster's configuration, usually 4 MiB. */
  objectSize?: number | undefined;
  /** Bytes. */
  stripeUnit?: number | undefined;
  stripeCount?: number | undefined;
  /** The pool for the data, when it is not the image's own pool. */
  dataPool?: string | undefined;
}

/**
 * Creates an empty image. (`rbd_create4`)
 *
 * @throws {CoppiceError} `EXISTS`; `NOT_FOUND` for the pool or the namespace; `INVALID_ARGUMENT` for an object size that Ceph
 * does not have; `INVALID_NAME` when no spec can name the image
 */
export async function createImage(
  cluster: Cluster,
  image: ImageSpecLike,
  { objectSize, ...options }: CreateImageOptions,
): Promise<void> {
  const spec = toImageOnly(image);
  const object = formatImageSpec(spec);
  checkObjectSize(object, objectSize);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const order = objectSize === undefined ? {} : { order: Math.log2(objectSize) };
  await withCoppiceErrors({ object, what: `${object} could not be created` }, async () => {
    try {
      await ioCtx.createImage(spec.image, { ...options, ...order });
    } catch (error) {
      if (hasCode(error, "EXISTS") && (await isPartlyCreated(ioCtx, spec.image)))
        throw partlyCreated(object, "createImage");
      if (hasCode(error, "NOT_FOUND")) await checkNamespace(cluster, spec, "createImage");
      throw error;
    }
  });
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless Ceph can store an image in objects of that many bytes */
function checkObjectSize(object: string, objectSize: number | undefined): void {
  if (objectSize === undefined) return;
  const isPowerOfTwo = Number.isInteger(Math.log2(objectSize));
  if (isPowerOfTwo && objectSize >= 4096 && objectSize <= 32 * 1024 ** 2) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "createImage",
    object,
    message: `${object} cannot have an object size of ${objectSize} bytes`,
    hint: "Give a power of two from 4096 (4 KiB) to 33554432 (32 MiB), or leave it out.",
  });
}

/** Says that the namespace is missing, when that is why something in it does not exist. @throws {CoppiceError} `NOT_FOUND` */
async function checkNamespace(cluster: Cluster, { pool, namespace }: ImageSpec, call: string): Promise<void> {
  // Namespaces are listed in, and only in, the default one.
  if (namespace === "" || (await (await cluster.pool(pool)).namespaceExists(namespace))) return;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call,
    object: `${pool}/${namespace}`,
    message: `the pool ${JSON.stringify(pool)} has no namespace ${JSON.stringify(namespace)}`,
    hint: "Check its name, or create it with `createNamespace`.",
  });
}

export interface OpenImageOptions extends CallOptions {
  /** Opens the image without a watcher; nothing can be written. Default false; always true for a snapshot. */
  readOnly?: boolean | undefined;
  /**
   * Opens also an image that an interrupted operation left before it was whole, such as a clone that has no parent yet and
   * reads as zeroes. Default false.
   */
  allowIncomplete?: boolean | undefined;
}

/**
 * Opens an image for reading and writing its data, or one of its snapshots for reading. The handle belongs to
 * rbd-native: close it with `await using`; its methods reject with `RbdError`. (`rbd_open`, `rbd_open_read_only`)
 *
 * ```ts
 * await using image = await openImage(cluster, "rbd/vm-1@monday");
 * console.log(await image.size());
 * ```
 *
 * @throws {CoppiceError} `NOT_FOUND`; `INCOMPLETE` for what an interrupted operation left
 */
export async function openImage(
  cluster: Cluster,
  image: ImageSpecLike,
  { allowIncomplete = false, ...options }: OpenImageOptions = {},
): Promise<Image> {
  const spec = toImageSpec(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const snapshot = spec.snapshot === undefined ? {} : { snapshot: spec.snapshot, readOnly: true };
  return withCoppiceErrors({ object, what: `${object} could not be opened` }, async () => {
    const opening = ioCtx.openImage(spec.image, { ...options, ...snapshot }).catch(async (error) => {
      if (hasCode(error, "NOT_FOUND")) await checkNamespace(cluster, spec, "openImage");
      throw error;
    });
    if (allowIncomplete) return await opening;
    const recorded = readOperation(ioCtx, spec.image, "make", options.signal);
    const [opened, read] = await Promise.allSettled([opening, recorded]);
    if (opened.status === "rejected") throw opened.reason;
    const problem = read.status === "rejected" ? read.reason : incomplete(spec, opened.value, read.value);
    if (problem === null) return opened.value;
    await opened.value.close();
    throw problem;
  });
}

/**
 * The error for an image whose making was interrupted; `null` when it was not, or when the image of that name is not the
 * one that the operation made.
 */
function incomplete(
  { pool, namespace, image: name }: ImageSpec,
  image: Image,
  recorded: RecordedOperation | null,
): CoppiceError | null {
  if (recorded === null) return null;
  const { state, kind, startedAt } = toInfo({ pool, namespace }, recorded);
  const isOther = recorded.record?.clients.every((client) => !isIdMadeBy(image.id, client)) ?? false;
  if (state === "running" || isOther) return null;
  const object = showImageSpec({ pool, namespace, image: name });
  const what = kind === null ? "operation" : `operation "${kind}" of ${startedAt?.toISOString()}`;
  return new CoppiceError({
    code: "INCOMPLETE",
    call: "openImage",
    object,
    message: `${object} may be incomplete: the ${what} that makes it was interrupted`,
    hint: "Make the same call again, or run `reconcile`, which finishes or undoes it.",
  });
}

export interface WorkOptions {
  /** Stops librbd at its next step. Completed steps are not undone. */
  signal?: AbortSignal | undefined;
  /** Called with librbd's own steps, usually objects. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Removes an image with its data, permanently, without a record of it: for operations that have one. Also removes what an
 * interrupted creation left. (`rbd_remove_with_progress`)
 *
 * @throws {CoppiceError} `NOT_EMPTY` while it has snapshots, `BUSY` while a client has it open, `IN_GROUP` while it
 * belongs to a group
 */
export async function removeImage(
  cluster: Cluster,
  image: ImageSpecLike,
  options: WorkOptions = {},
): Promise<void> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be removed` }, async () => {
    const wasPartlyCreated = await isPartlyCreated(ioCtx, spec.image);
    try {
      await ioCtx.removeImage(spec.image, options);
    } catch (error) {
      // librbd removes the parts that exist, and still reports that the image does not exist.
      if (!wasPartlyCreated || !hasCode(error, "NOT_FOUND")) throw error;
    }
  });
}

/**
 * The id of the image of this name, also while it is created: librbd enters it into the pool's directory first, and then
 * makes the object of its name. `null` when there is none, or one of format 1.
 *
 * @throws RbdError
 * @throws DecodeError
 */
export async function findImageId(ioCtx: IoCtx, name: string): Promise<string | null> {
  const id = await ignoreNotFound(() => readImageId(ioCtx, name, undefined));
  if (id !== null) return id;
  const key = directoryNameKey(name);
  const entry = await ignoreNotFound(() => readOmapValue(ioCtx, directoryObject, key, undefined));
  return entry === null ? null : (decodeDirectoryEntry(key, entry)?.id ?? null);
}

/**
 * Whether an image has its name, but no header. librbd enters the name in the directory first, then writes the object with
 * the id, then the header, so an image is in this state while it is being created, and remains in it when the creating
 * client died at that point. Such an image cannot be opened, and no image of that name can be created.
 *
 * @throws RbdError
 */
export async function isPartlyCreated(ioCtx: IoCtx, name: string): Promise<boolean> {
  try {
    const id = await findImageId(ioCtx, name);
    return id !== null && !(await hasHeader(ioCtx, id));
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

/** Whether the image with this id has a header. @throws RbdError */
export async function hasHeader(ioCtx: IoCtx, id: string): Promise<boolean> {
  return (await ignoreNotFound(() => ioCtx.objects.stat(headerObject(id)))) !== null;
}

/** The error for creating an image under the name of one that {@link isPartlyCreated}. */
export function partlyCreated(object: string, call: string): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call,
    object,
    message: `${object} could not be created: an earlier attempt to create this image was interrupted`,
    hint: `Unless another client is creating it at this moment, remove it with \`rbd rm ${object}\` (or \`removeImage\`) and try again.`,
  });
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless `size` is a whole number of bytes above 0 */
export function checkSize(call: string, object: string, size: number): void {
  if (Number.isSafeInteger(size) && size > 0) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call,
    object,
    message: `${size} is not the size of an image`,
    hint: "Give a whole number of bytes above 0.",
  });
}

/**
 * Creates the trash index of a pool's namespace, so that its images can be removed even after the pool has become full.
 * librbd removes an image by way of the trash and creates the index on first use; in a full pool that fails, and librbd
 * reports that the image does not exist.
 *
 * @throws {CoppiceError} `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function prepareRemoval(cluster: Cluster, place: ImageSpec): Promise<void> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await withCoppiceErrors({ object: showImageSpec(place) }, () =>
    ioCtx.objects.write(trashObject, [writeSteps.create()]),
  );
}
