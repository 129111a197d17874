import type { Image } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { type CreateImageOptions, openImage } from "../../image/index.ts";
import { formatImageSpec, type ImageSpec, showImageSpec } from "../../names/index.ts";
import { defineNote } from "../../notes/index.ts";
import type { Operation, Recover, UndoLog } from "../../operation/index.ts";
import {
  createEmptyImage,
  existsAlready,
  isLeftBy,
  makeNewImage,
  removeNewImage,
  removePartlyCreated,
} from "../new-image.ts";
import { holdTarget, isHeldStillBy, lockerName, refuseWatchers } from "../target/open-target.ts";

/** Marks an image that an import is filling, until it is whole. */
const importMarkNote = defineNote({
  key: "coppice.import-image",
  schema: z.strictObject({
    version: z.literal(2),
    /** The id of the image. A clone or a copy of it inherits its metadata, but not what this says. */
    image: z.string(),
    /** Whether the import has begun to remove the image. */
    isRemoved: z.boolean(),
    /** The names of the snapshots that the import made, with the one it is about to make. */
    snapshots: z.array(z.string()),
  }),
  what: "the mark of an image that is being imported",
  ifUnreadable: "ignore",
  // Holds a name for each snapshot. As much as an image stream can carry of one key.
  maxBytes: 1024 ** 2,
});

interface ImportNewOptions {
  /** The function that imports, for the errors. */
  readonly call: string;
  readonly create: Omit<CreateImageOptions, "size">;
  /** Runs the creation of the image, to report it as a step. */
  readonly creating?: ((create: () => Promise<void>) => Promise<void>) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates an image and lets `fill` fill it. An image that an interrupted import left under the same name is removed first.
 * An operation record stands until the image is whole, and the image itself is marked as unfinished. When anything
 * fails, the image is removed again.
 *
 * @param fill Is given the image, marked and locked, without any bytes: `fill` sets the size. Its signal is aborted by the
 * caller, or when another process may have taken the import over.
 * @throws {CoppiceError} `EXISTS`, `BUSY`, `QUOTA_EXCEEDED`, `NO_SPACE`, `UNDO_FAILED`, `LEASE_LOST`; what `fill` throws;
 * the signal's reason
 */
export async function importNew<T>(
  cluster: Cluster,
  place: ImageSpec,
  { call, create, creating = (action) => action(), signal }: ImportNewOptions,
  fill: (image: Image, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const object = formatImageSpec(place);
  const what = `${object} could not be imported`;
  return await makeNewImage(cluster, place, { kind: "import", call, signal }, (operation, undo) =>
    withCoppiceErrors({ object, what }, async () => {
      await removeOwn(cluster, place, operation);
      await creating(() => createEmptyImage(cluster, place, create, operation, undo));
      return await fillNew(cluster, place, operation, undo, fill);
    }),
  );
}

async function fillNew<T>(
  cluster: Cluster,
  place: ImageSpec,
  operation: Operation,
  undo: UndoLog,
  fill: (image: Image, signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { signal } = operation;
  await using image = await openImage(cluster, place);
  await holdTarget(image, showImageSpec(place), signal);
  if ((await image.size()) !== 0 || (await image.listSnapshots()).length > 0) {
    // Another client has used it since it was created, so it must not be removed.
    undo.forgetLast();
    throw existsAlready(place, "importNew");
  }
  await markSnapshots(image, []);
  try {
    const filled = await fill(image, signal);
    await image.removeMetadata(importMarkNote.key);
    // While the lock is held: of an image that is recorded it is known whether another client has written to it.
    await operation.end();
    return filled;
  } catch (error) {
    // The lock is given back before the image is removed. If that cannot be written, the next import leaves the image alone.
    await markRemoved(image).catch(() => {});
    throw error;
  }
}

/** Marks an image that is about to be removed: an interruption leaves it without its lock, or without its snapshots. */
async function markRemoved(image: Image): Promise<void> {
  const mark = await importMarkNote.read(image);
  const snapshots = mark?.snapshots ?? (await image.listSnapshots()).map(({ name }) => name);
  await importMarkNote.write(image, { version: 2, image: image.id, isRemoved: true, snapshots });
}

/**
 * Writes the mark of an unfinished image.
 *
 * @param snapshots The names of all snapshots that the import made, and of the one it is about to make.
 */
export async function markSnapshots(image: Image, snapshots: readonly string[]): Promise<void> {
  await importMarkNote.write(image, {
    version: 2,
    image: image.id,
    isRemoved: false,
    snapshots: [...snapshots],
  });
}

/**
 * Removes the image that an interrupted import to the same name left, also when it is whole: it may have been filled from
 * another source.
 *
 * @throws {CoppiceError} `EXISTS` for any other image, also one that was snapshotted or cloned since; `BUSY` while another
 * process has it open
 */
async function removeOwn(cluster: Cluster, place: ImageSpec, operation: Operation): Promise<void> {
  await removePartlyCreated(cluster, place, operation);
  const { signal } = operation;
  {
    await using image = await openIfThere(cluster, place);
    if (image === undefined) return;
    if ((await stateOf(image, operation)) === "other") {
      // It is another client's, or was used since it became whole: nothing of the interrupted operation is left.
      if ((await importMarkNote.read(image)) === undefined) await operation.end();
      throw existsAlready(place, "importNew");
    }
    refuseWatchers((await image.listWatchers({ signal })).length, showImageSpec(place));
  }
  {
    await using image = await openImage(cluster, place);
    await holdTarget(image, showImageSpec(place), signal);
    await markRemoved(image);
  }
  await removeNewImage(cluster, place);
}

async function openIfThere(cluster: Cluster, place: ImageSpec): Promise<Image | undefined> {
  try {
    return await openImage(cluster, place, { readOnly: true, allowIncomplete: true });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/** `other`: an image that the interrupted import did not make, or that another client has changed since. */
async function stateOf(image: Image, operation: Operation): Promise<"unfinished" | "whole" | "other"> {
  if (!isLeftBy(operation, image.id) || (await image.listChildren()).length > 0) return "other";
  const mark = await importMarkNote.read(image);
  const snapshots = await image.listSnapshots();
  const clients = operation.interrupted?.clients ?? [];
  const lockers = clients.map((client) => lockerName(BigInt(`0x${client}`)));
  const isHeldStill = () => isHeldStillBy(image, lockers, operation.signal);
  if (mark === undefined) {
    const isBare = (await image.size()) === 0 && snapshots.length === 0;
    if (isBare && (await image.listMetadata()).size === 0) return "unfinished";
    return (await isHeldStill()) ? "whole" : "other";
  }
  const isOwn = mark.image === image.id && snapshots.every(({ name }) => mark.snapshots.includes(name));
  return isOwn && (mark.isRemoved || (await isHeldStill())) ? "unfinished" : "other";
}

/**
 * Removes the image that an interrupted import left: its stream cannot be read again. One that is whole stays, and one that
 * somebody has used since is left.
 */
export const recoverImport: Recover = async (cluster, operation) => {
  const { place } = operation;
  const object = showImageSpec(place);
  return await withCoppiceErrors(
    { object, what: `what an import left of ${object} could not be removed` },
    async () => {
      await removePartlyCreated(cluster, place, operation);
      {
        await using image = await openIfThere(cluster, place);
        if (image === undefined) return { outcome: "undone", what: `there is no image ${object}` };
        if ((await stateOf(image, operation)) !== "unfinished") {
          if ((await importMarkNote.read(image)) !== undefined)
            return {
              outcome: "left",
              what: `${object} is not whole, and has snapshots or clones of another client`,
            };
          return { outcome: "finished", what: `${object} is whole` };
        }
        refuseWatchers((await image.listWatchers({ signal: operation.signal })).length, object);
      }
      await removeNewImage(cluster, place);
      return { outcome: "undone", what: `the unfinished image ${object} is removed` };
    },
  );
};
