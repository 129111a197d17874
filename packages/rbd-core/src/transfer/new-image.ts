import type { IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { headerObject } from "../headers/index.ts";
import { featureBits, openImage, removeImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { type HeldLock, lockObject } from "../operation/index.ts";

const leaseSeconds = 5;

/** What fills a new image: copies and imports do not go on with what the other left. */
type NewImageMaker = "copy" | "import";

/**
 * Keeps others away from an image that one process makes: also while nobody has it open, and before it is removed.
 *
 * @param id The image's.
 * @throws {CoppiceError} `BUSY`; RbdError `NOT_FOUND` when it was removed; the signal's reason
 */
export async function leaseNewImage(
  maker: NewImageMaker,
  ioCtx: IoCtx,
  place: ImageSpec,
  id: string,
  signal?: AbortSignal,
): Promise<HeldLock> {
  const lease = await lockObject(ioCtx, headerObject(id), {
    name: `coppice.${maker}`,
    description: "filling a new image",
    leaseSeconds,
    // Of a process that died, the lease runs out meanwhile.
    patienceSeconds: leaseSeconds + 1,
    signal,
  });
  if (lease !== null) return lease;
  throw madeElsewhere(place);
}

/** That another process makes an image of that name. */
export function madeElsewhere(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "BUSY",
    call: "leaseNewImage",
    object,
    message: `${object} is being made by another process`,
    hint: "Wait for it to end.",
  });
}

/**
 * What a new image can be given of the features of the one it is made of, as `RBD_FEATURE_*` bits: the others say where
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

/** Removes an image that an operation has just made, with the snapshots it made. */
export async function removeNewImage(cluster: Cluster, place: ImageSpec): Promise<void> {
  {
    await using image = await openImage(cluster, place);
    for (const { name } of (await image.listSnapshots()).toReversed()) {
      await image.removeSnapshot(name, { unprotect: true });
    }
  }
  await removeImage(cluster, place);
}

/**
 * The size with which a transfer creates an image, in bytes: it is what tells whose it is until it is marked. No user
 * asks for it, and nothing is in such an image.
 */
export const unmarkedSize = 2_718_281;

/** That there is an image where one was to be made. */
export function existsAlready(place: ImageSpec, call: string): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "EXISTS",
    call,
    object,
    message: `${object} is there already`,
    hint: "Choose another name.",
  });
}
