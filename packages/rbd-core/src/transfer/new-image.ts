import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import type { ImageHeader } from "../headers/index.ts";
import {
  type CreateImageOptions,
  createImage,
  featureBits,
  findImage,
  makeImage,
  openImage,
  prepareRemoval,
  removeImage,
  removeOwnImage,
} from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { isIdMadeBy, type Operation, UndoLog } from "../operation/index.ts";

interface NewImageOptions {
  readonly kind: "copy" | "import" | "restore";
  /** The function that makes the image, for the errors. */
  readonly call: string;
  readonly signal: AbortSignal | undefined;
}

/**
 * Makes an image in several steps. An operation record stands in the image's pool from before the first step until after
 * the last, and keeps every other process from making an image of that name. When a step fails, what `undo` notes is
 * undone. When the process dies, the next call finds the record in {@link Operation.interrupted}.
 *
 * @param make The steps. They use the operation's signal, which is aborted by the caller, or when another process may have
 * taken the operation over.
 * @throws {CoppiceError} what `makeImage` and `make` throw; `UNDO_FAILED`, `LEASE_LOST`; the signal's reason
 */
export async function makeNewImage<T>(
  cluster: Cluster,
  place: ImageSpec,
  { kind, call, signal }: NewImageOptions,
  make: (operation: Operation, undo: UndoLog) => Promise<T>,
): Promise<T> {
  return await makeImage(cluster, {
    kind,
    target: place,
    signal,
    details: {},
    prepare: async () => {},
    make: (_, operation) => makeUndoably(operation, call, make),
    resumes: true,
  });
}

async function makeUndoably<T>(
  operation: Operation,
  call: string,
  make: (operation: Operation, undo: UndoLog) => Promise<T>,
): Promise<T> {
  const undo = new UndoLog();
  try {
    const made = await make(operation, undo);
    await operation.end();
    return made;
  } catch (error) {
    operation.throwIfLost();
    // Nothing was changed: what an earlier operation left stays recorded, unless `make` has found that nothing is left.
    if (undo.isEmpty && operation.interrupted !== null) throw error;
    return await undo.undoAndThrow(error, call).catch(async (failure: unknown) => {
      if (!hasCode(failure, "UNDO_FAILED")) await operation.end();
      throw failure;
    });
  }
}

/**
 * Creates an image that a transfer is going to fill, without any bytes until it is filled. Until it has its note, it is
 * recognised by its id (see {@link isLeftBy}).
 *
 * @throws {CoppiceError} `EXISTS`, and what `createImage` throws
 */
export async function createEmptyImage(
  cluster: Cluster,
  place: ImageSpec,
  options: Omit<CreateImageOptions, "size">,
  operation: Operation,
  undo: UndoLog,
): Promise<void> {
  await prepareRemoval(cluster, place);
  undo.note(`the image ${showImageSpec(place)}`, () => removeMade(cluster, place, operation));
  try {
    await createImage(cluster, place, { ...options, size: 0 });
  } catch (error) {
    // It is another client's image, and must not be removed.
    if (hasCode(error, "EXISTS")) undo.forgetLast();
    throw error;
  }
}

/** Whether an image has no bytes, snapshots, parent or group: as {@link createEmptyImage} leaves it. */
export function isEmptyHeader({ size, snapshotSequence, parent, group }: ImageHeader): boolean {
  return size === 0 && snapshotSequence === 0n && parent === null && group === null;
}

/** Whether an image's id says that one of the clients of the interrupted operation created it. */
export function isLeftBy({ interrupted }: Operation, id: string): boolean {
  return interrupted?.clients.some((client) => isIdMadeBy(id, client)) ?? false;
}

/**
 * Removes what the interrupted operation left of an image when it died within librbd's creation of it: a name and an id
 * without a header. Such an image can be neither opened nor created.
 */
export async function removePartlyCreated(
  cluster: Cluster,
  place: ImageSpec,
  operation: Operation,
): Promise<void> {
  if (operation.interrupted === null) return;
  const { state } = await findImage(cluster, place, operation.interrupted.clients);
  if (state === "partly-created") await removeImage(cluster, place);
}

/** Removes the image that this very operation created, however far its creation came. No other image is touched. */
async function removeMade(cluster: Cluster, place: ImageSpec, operation: Operation): Promise<void> {
  await withCoppiceErrors({ object: showImageSpec(place) }, async () => {
    const standing = await findImage(cluster, place, operation.record.clients);
    if ("id" in standing) await removeOwnImage(cluster, place, standing.id, operation);
  });
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

/** Where and how the data of a new image lies. */
export type NewImageLayout = Pick<CreateImageOptions, "dataPool" | "stripeUnit" | "stripeCount" | "features">;

/**
 * The options of an image that is made to hold a copy: with the features that make increments and clones of it fast, unless
 * others are given, and with that of striping where it is striped. Pure.
 *
 * @param objectSize Bytes.
 */
export function newImageOptions(
  objectSize: number,
  { dataPool, stripeUnit, stripeCount, features = copyFeatures }: NewImageLayout,
): Omit<CreateImageOptions, "size"> {
  if ((stripeCount ?? 1) <= 1) return { objectSize, dataPool, features };
  const striped = features | featureBits(["striping"]);
  return { objectSize, dataPool, features: striped, stripeUnit: stripeUnit ?? objectSize, stripeCount };
}

const copyFeatures = featureBits(["layering", "exclusive-lock", "object-map", "fast-diff", "deep-flatten"]);

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
    await using image = await openImage(cluster, place, { allowIncomplete: true });
    for (const { name } of (await image.listSnapshots()).toReversed()) {
      await image.removeSnapshot(name, { unprotect: true });
    }
  }
  await removeImage(cluster, place);
}
