import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../../errors/index.ts";
import {
  type ByteSource,
  type Diff,
  decompressIfZstd,
  type ImageHeader,
  openImageStream,
} from "../../formats/index.ts";
import { type CreateImageOptions, createImage, openImage, prepareRemoval } from "../../image/index.ts";
import { formatImageSpec, type ImageSpec, type ImageSpecLike, toImageOnly } from "../../names/index.ts";
import { type HeldLock, UndoLog } from "../../operation/index.ts";
import {
  leaseNewImage,
  madeElsewhere,
  newImageFeatures,
  removeNewImage,
  unmarkedSize,
} from "../new-image.ts";
import { setSize } from "../target/head.ts";
import { holdTarget } from "../target/open-target.ts";
import type { TransferOptions } from "../transfer-options.ts";
import { markImport, removeMark, removeUnfinished, writeMark } from "./unfinished-import.ts";
import { writeRecords } from "./write-window.ts";

export interface ImportImageOptions extends TransferOptions {
  /** The image to create. */
  readonly image: ImageSpecLike;
  /** An image stream, compressed with zstd or not. */
  readonly source: ByteSource;
  /** Keeps the data in another pool. */
  readonly dataPool?: string | undefined;
}

export interface ImportImageResult {
  readonly header: ImageHeader;
  readonly snapshots: readonly string[];
  /** Feature bits of the stream that the image was not given: they do not describe its contents. */
  readonly leftOut: bigint;
}

/**
 * Creates an image from what `exportImage` or `rbd export --export-format 2` wrote, with all its snapshots,
 * protection and metadata. Whatever goes wrong, the image is removed again; when the process ends on the way, the next
 * import to the same name begins by removing what it left.
 *
 * @throws {CoppiceError} `EXISTS`, `BUSY` while another process imports to that name, `QUOTA_EXCEEDED`,
 * `NO_SPACE`, `UNDO_FAILED`; {@link FormatError}; the signal's reason
 */
export async function importImage(cluster: Cluster, options: ImportImageOptions): Promise<ImportImageResult> {
  const place = toImageOnly(options.image);
  const { content } = await decompressIfZstd(options.source);
  await using stream = await openImageStream(content, { order: "any" });
  const { header } = stream;
  const isStriped = header.stripeCount > 1 || header.stripeUnit !== 2 ** header.order;
  const create = {
    objectSize: 2 ** header.order,
    features: header.features & newImageFeatures,
    dataPool: options.dataPool,
    ...(isStriped ? { stripeUnit: header.stripeUnit, stripeCount: header.stripeCount } : {}),
  };
  const { signal } = options;
  return await importNew(cluster, place, { call: "importImage", create, signal }, async (image) => {
    for (const [key, value] of header.metadata) {
      // What Coppice noted of an image speaks of its snapshots by ids, which are others here.
      if (!key.startsWith("coppice.")) await image.setMetadata(key, value);
    }
    const snapshots: string[] = [];
    for await (const diff of stream.diffs) {
      await writeDiff(image, diff, options);
      const { to, protected: isProtected } = diff.header;
      if (to === undefined) continue;
      snapshots.push(to);
      await writeMark(image, snapshots);
      await image.createSnapshot(to);
      if (isProtected === true) await image.protectSnapshot(to);
    }
    return { header, snapshots, leftOut: header.features & ~newImageFeatures };
  });
}

async function writeDiff(
  image: Image,
  { header, records }: Diff,
  { signal, onProgress }: ImportImageOptions,
): Promise<void> {
  const { from, size } = header;
  await setSize(image, size, signal);
  await writeRecords(image, records, { isEmpty: from === undefined, total: size, signal, onProgress });
}

interface ImportNewOptions {
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
