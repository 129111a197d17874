import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { headerObject, type ImageHeader } from "../headers/index.ts";
import {
  type CreateImageOptions,
  createImage,
  featureBits,
  openImage,
  prepareRemoval,
  removeImage,
} from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { type HeldLock, lockObject } from "../operation/index.ts";
import { headEquals } from "./target/head.ts";

/**
 * The size with which a transfer creates an image, in bytes. Until the image has its note, the size is how the next
 * transfer recognises what an interrupted one left: no user asks for it, and there is no data in such an image.
 */
export const unmarkedSize = 2_718_281;

/**
 * Creates an image that a transfer is going to fill, of {@link unmarkedSize} until it is filled.
 *
 * @throws {CoppiceError} `EXISTS`, and what `createImage` throws
 */
export async function createUnmarkedImage(
  cluster: Cluster,
  place: ImageSpec,
  options: Omit<CreateImageOptions, "size">,
): Promise<void> {
  await prepareRemoval(cluster, place);
  await createImage(cluster, place, { ...options, size: unmarkedSize });
}

/** Whether an image is as {@link createUnmarkedImage} leaves it, and nobody has used it since. */
export async function isUnmarkedImage(cluster: Cluster, place: ImageSpec, image: Image): Promise<boolean> {
  if ((await image.size()) !== unmarkedSize) return false;
  if ((await image.listSnapshots()).length > 0 || (await image.listMetadata()).size > 0) return false;
  return await headEquals(cluster, place, undefined);
}

/** The same by the image's header alone, which does not tell whether there is data. */
export function isUnmarkedHeader({ size, snapshotSequence, parent, group }: ImageHeader): boolean {
  return size === unmarkedSize && snapshotSequence === 0n && parent === null && group === null;
}

/**
 * The features that a new image can take over from the image it is made of, as `RBD_FEATURE_*` bits. The others say where
 * an image's data is, or what is being done to it.
 */
export const newImageFeatures = featureBits([
  "layering",
  "striping",
  "exclusive-lock",
  "object-map",
  "fast-diff",
  "deep-flatten",
]);

const leaseSeconds = 5;

/**
 * Locks an image that one process is filling, also while no process has it open, and before it is removed. The lock is a
 * lease: it ends by itself a few seconds after its holder died.
 *
 * @param maker What fills the image: a copy does not continue what an import left, nor the other way round.
 * @param id The image's id.
 * @throws {CoppiceError} `BUSY`; RbdError `NOT_FOUND` when the image was removed; the signal's reason
 */
export async function leaseNewImage(
  maker: "copy" | "import",
  ioCtx: IoCtx,
  place: ImageSpec,
  id: string,
  signal?: AbortSignal,
): Promise<HeldLock> {
  const lease = await lockObject(ioCtx, headerObject(id), {
    name: `coppice.${maker}`,
    description: "filling a new image",
    leaseSeconds,
    // Long enough for the lease of a process that died to end.
    patienceSeconds: leaseSeconds + 1,
    signal,
  });
  if (lease !== null) return lease;
  throw filledElsewhere(place);
}

/** The error for an image that another process is filling. */
export function filledElsewhere(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "BUSY",
    call: "leaseNewImage",
    object,
    message: `another process is creating ${object}`,
    hint: "Wait until it has finished.",
  });
}

/** The error for an image that is in the place of the one to be created. */
export function existsAlready(place: ImageSpec, call: string): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "EXISTS",
    call,
    object,
    message: `${object} exists already`,
    hint: "Choose another name.",
  });
}

/** Removes an image that a transfer created, with the snapshots it made. */
export async function removeNewImage(cluster: Cluster, place: ImageSpec): Promise<void> {
  {
    await using image = await openImage(cluster, place);
    for (const { name } of (await image.listSnapshots()).toReversed()) {
      await image.removeSnapshot(name, { unprotect: true });
    }
  }
  await removeImage(cluster, place);
}
