import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { hasCode, withCoppiceErrors } from "../../errors/to-coppice-error.ts";
import { type CreateImageOptions, createImage } from "../../image/create-image.ts";
import { openImage } from "../../image/open-image.ts";
import { prepareRemoval } from "../../image/prepare-removal.ts";
import type { HeldLock } from "../../lock/object-lock.ts";
import { formatImageSpec } from "../../names/format-image-spec.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { UndoLog } from "../../undo/undo-log.ts";
import { leaseNewImage, madeElsewhere } from "../new-image/lease-new-image.ts";
import { removeNewImage } from "../new-image/remove-new-image.ts";
import { unmarkedSize } from "../new-image/unmarked-size.ts";
import { holdTarget } from "../target-image/hold-target.ts";
import { markImport, removeMark, removeUnfinished } from "./unfinished-import.ts";

export interface ImportNewOptions {
  /** For the errors. */
  readonly call: string;
  readonly create: Omit<CreateImageOptions, "size">;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Creates an image and has it filled. What an import of the same name left that was killed is removed first; the
 * image says that it is unfinished from its creation until it is filled. Whatever goes wrong, it is removed again.
 *
 * @param fill Is given the image, marked and kept from others; of some size, which it sets.
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
  await prepareRemoval(cluster, place);
  await createImage(cluster, place, { ...create, size: unmarkedSize });
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
      await markImport(cluster, place, image);
      isMarked = true;
      const filled = await fill(image);
      await removeMark(image);
      return filled;
    });
  } catch (error) {
    return await undo.undoAndThrow(error, call);
  } finally {
    await lease?.release();
  }
}

/** Another import may take an image away that is not marked yet. */
async function openNew(cluster: Cluster, place: ImageSpec): Promise<Image> {
  try {
    return await openImage(cluster, place);
  } catch (error) {
    throw hasCode(error, "NOT_FOUND") ? madeElsewhere(place) : error;
  }
}

/** What is in the place by now may be another import's. */
async function removeIfUnfinished(cluster: Cluster, place: ImageSpec): Promise<void> {
  try {
    await removeUnfinished(cluster, place);
  } catch (error) {
    if (!hasCode(error, "BUSY") && !hasCode(error, "EXISTS")) throw error;
  }
}
