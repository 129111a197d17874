import type { Image } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { type CreateImageOptions, openImage } from "../../image/index.ts";
import { formatImageSpec, type ImageSpec, showImageSpec } from "../../names/index.ts";
import { defineNote } from "../../notes/index.ts";
import { type HeldLock, UndoLog } from "../../operation/index.ts";
import {
  createUnmarkedImage,
  existsAlready,
  filledElsewhere,
  isUnmarkedImage,
  leaseNewImage,
  removeNewImage,
} from "../new-image.ts";
import { holdTarget, refuseWatchers } from "../target/open-target.ts";

/** Marks an image that an import is filling, until it is whole. */
const importMarkNote = defineNote({
  key: "coppice.import-image",
  schema: z.strictObject({
    version: z.literal(1),
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
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates an image and lets `fill` fill it. An image that a killed import left under the same name is removed first. The
 * new image is marked as unfinished until it is filled. When anything fails, it is removed again.
 *
 * @param fill Is given the image, marked and locked, of some size: `fill` sets the size.
 * @throws {CoppiceError} `EXISTS`, `BUSY`, `QUOTA_EXCEEDED`, `NO_SPACE`, `UNDO_FAILED`; what `fill` throws; the signal's reason
 */
export async function importNew<T>(
  cluster: Cluster,
  place: ImageSpec,
  { call, create, signal }: ImportNewOptions,
  fill: (image: Image) => Promise<T>,
): Promise<T> {
  const object = formatImageSpec(place);
  await withCoppiceErrors({ object }, () => removeUnfinished(cluster, place, signal));
  await createUnmarkedImage(cluster, place, create);
  let lease: HeldLock | undefined;
  let isMarked = false;
  const undo = new UndoLog();
  undo.note(`the image ${object}`, async () => {
    if (isMarked) return await removeNewImage(cluster, place);
    await lease?.release();
    await removeIfUnfinished(cluster, place);
  });
  try {
    return await withCoppiceErrors({ object, what: `${object} could not be imported` }, async () => {
      await using image = await openNew(cluster, place);
      const ioCtx = await cluster.pool(place.pool, place.namespace);
      lease = await leaseNewImage("import", ioCtx, place, image.id, signal);
      await holdTarget(image, object, signal);
      // Another import may have removed this process's image meanwhile and put its own in the place.
      if (!(await isUnmarkedImage(cluster, place, image))) throw filledElsewhere(place);
      await markSnapshots(image, []);
      isMarked = true;
      const filled = await fill(image);
      await image.removeMetadata(importMarkNote.key);
      return filled;
    });
  } catch (error) {
    return await undo.undoAndThrow(error, call);
  } finally {
    await lease?.release();
  }
}

/**
 * Writes the mark of an unfinished image.
 *
 * @param snapshots The names of all snapshots that the import made, and of the one it is about to make.
 */
export async function markSnapshots(image: Image, snapshots: readonly string[]): Promise<void> {
  await importMarkNote.write(image, { version: 1, snapshots: [...snapshots] });
}

/** Until the image is marked, another import may remove it. */
async function openNew(cluster: Cluster, place: ImageSpec): Promise<Image> {
  try {
    return await openImage(cluster, place);
  } catch (error) {
    throw hasCode(error, "NOT_FOUND") ? filledElsewhere(place) : error;
  }
}

/** By now, the image of that name may be another import's. */
async function removeIfUnfinished(cluster: Cluster, place: ImageSpec): Promise<void> {
  try {
    await removeUnfinished(cluster, place);
  } catch (error) {
    if (!hasCode(error, "BUSY") && !hasCode(error, "EXISTS")) throw error;
  }
}

/**
 * Removes the image that an import to the same name left when its process ended.
 *
 * @throws {CoppiceError} `EXISTS` for any other image, also one that was snapshotted or cloned since; `BUSY` while another
 * process has it open
 */
async function removeUnfinished(cluster: Cluster, place: ImageSpec, signal?: AbortSignal): Promise<void> {
  const id = await findUnfinished(cluster, place, signal);
  if (id === undefined) return;
  try {
    const ioCtx = await cluster.pool(place.pool, place.namespace);
    await using _ = await leaseNewImage("import", ioCtx, place, id, signal);
    // The last holder of the lease may have finished the image meanwhile, or replaced it.
    if ((await findUnfinished(cluster, place, signal)) !== id) throw filledElsewhere(place);
    await removeNewImage(cluster, place);
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) throw filledElsewhere(place);
    throw error;
  }
}

/** @returns The id of the image that an import left; undefined when there is no image of that name. */
async function findUnfinished(
  cluster: Cluster,
  place: ImageSpec,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  let image: Image;
  try {
    image = await openImage(cluster, place, { readOnly: true });
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
  await using _ = image;
  if (!(await isUnfinished(cluster, place, image))) throw existsAlready(place, "removeUnfinished");
  refuseWatchers((await image.listWatchers({ signal })).length, showImageSpec(place));
  return image.id;
}

async function isUnfinished(cluster: Cluster, place: ImageSpec, image: Image): Promise<boolean> {
  const mark = await importMarkNote.read(image);
  if (mark === undefined) return await isUnmarkedImage(cluster, place, image);
  const snapshots = await image.listSnapshots();
  if (!snapshots.every(({ name }) => mark.snapshots.includes(name))) return false;
  return (await image.listChildren()).length === 0;
}
