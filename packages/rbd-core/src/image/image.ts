import { type Image, type IoCtx, writeSteps } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { DecodeError, headerObject, ignoreNotFound, readImageId, trashObject } from "../headers/index.ts";
import {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
  toImageSpec,
} from "../names/index.ts";

export interface CreateImageOptions {
  /** Bytes. */
  size: number;
  /** `RBD_FEATURE_*` bits. Default: what the cluster configures. */
  features?: bigint | undefined;
  /** Bytes, a power of two. Default: what the cluster configures, usually 4 MiB. */
  objectSize?: number | undefined;
  /** Bytes. */
  stripeUnit?: number | undefined;
  stripeCount?: number | undefined;
  /** Keeps the data in another pool. */
  dataPool?: string | undefined;
}

/**
 * Creates an empty image. (`rbd_create4`)
 *
 * @throws {CoppiceError} `EXISTS`; `NOT_FOUND` for the pool; `INVALID_NAME` when no spec could name the image
 */
export async function createImage(
  cluster: Cluster,
  image: ImageSpecLike,
  { objectSize, ...options }: CreateImageOptions,
): Promise<void> {
  const spec = toImageOnly(image);
  const object = formatImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const order = objectSize === undefined ? {} : { order: Math.log2(objectSize) };
  await withCoppiceErrors({ object, what: `${object} could not be created` }, async () => {
    try {
      await ioCtx.createImage(spec.image, { ...options, ...order });
    } catch (error) {
      if (hasCode(error, "EXISTS") && (await isHalfMade(ioCtx, spec.image)))
        throw halfMade(object, "createImage");
      throw error;
    }
  });
}

/**
 * Opens an image to read and write its data, or one of its snapshots to read it. The handle is the binding's:
 * close it with `await using`; its methods reject with `RbdError`. (`rbd_open`, `rbd_open_read_only`)
 *
 * @throws {CoppiceError} `NOT_FOUND`
 */
export async function openImage(
  cluster: Cluster,
  image: ImageSpecLike,
  options: { readOnly?: boolean } = {},
): Promise<Image> {
  const spec = toImageSpec(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const snapshot = spec.snapshot === undefined ? {} : { snapshot: spec.snapshot, readOnly: true };
  return withCoppiceErrors({ object, what: `${object} could not be opened` }, () =>
    ioCtx.openImage(spec.image, { ...options, ...snapshot }),
  );
}

export interface WorkOptions {
  /** Librbd stops at its next step. What is done by then stays done. */
  signal?: AbortSignal | undefined;
  /** Librbd's own steps, usually objects. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Removes an image for good, with its data; also the name of one whose creation was never finished.
 * (`rbd_remove_with_progress`)
 *
 * @throws {CoppiceError} `NOT_EMPTY` while it has snapshots, `BUSY` while a client has it open,
 * `IN_GROUP` while it belongs to a group
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
    const wasHalfMade = await isHalfMade(ioCtx, spec.image);
    try {
      await ioCtx.removeImage(spec.image, options);
    } catch (error) {
      // librbd removes what there is of it, and says that there was nothing.
      if (!wasHalfMade || !hasCode(error, "NOT_FOUND")) throw error;
    }
  });
}

/**
 * Whether an image has its name and an id, and nothing more. librbd makes these first: so is an image in the moment of
 * its creation, and for ever when whoever created it died there. It can neither be opened nor created.
 *
 * @throws RbdError
 */
export async function isHalfMade(ioCtx: IoCtx, name: string): Promise<boolean> {
  try {
    const id = await ignoreNotFound(() => readImageId(ioCtx, name, undefined));
    return id !== null && !(await hasHeader(ioCtx, id));
  } catch (error) {
    if (error instanceof DecodeError) return false;
    throw error;
  }
}

/** Whether there is more of an image than its name and this id. @throws RbdError */
export async function hasHeader(ioCtx: IoCtx, id: string): Promise<boolean> {
  return (await ignoreNotFound(() => ioCtx.objects.stat(headerObject(id)))) !== null;
}

/** What to say to who wants to create it. */
export function halfMade(object: string, call: string): CoppiceError {
  return new CoppiceError({
    code: "EXISTS",
    call,
    object,
    message: `${object} could not be created: its creation was begun before, and has not come to an end`,
    hint: "If nobody is creating it now, free the name with `removeImage` or `rbd rm`.",
  });
}

/** @throws {CoppiceError} `INVALID_ARGUMENT` unless it is a whole number of bytes above 0 */
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
 * Sees to it that an image can be removed again even when its pool is full by then. librbd removes images by way of the
 * trash, whose index it makes when it is first needed: in a full pool it cannot, and says that the image is not there.
 *
 * @throws {CoppiceError} `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function prepareRemoval(cluster: Cluster, place: ImageSpec): Promise<void> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await withCoppiceErrors({ object: showImageSpec(place) }, () =>
    ioCtx.objects.write(trashObject, [writeSteps.create()]),
  );
}
