import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import type { ByteSource } from "../formats/byte-source.ts";
import type { Diff } from "../formats/diff-record.ts";
import type { ImageHeader } from "../formats/image-stream.ts";
import { openImageStream } from "../formats/open-image-stream.ts";
import { decompressIfZstd } from "../formats/zstd.ts";
import { createImage } from "../image/create-image.ts";
import { featureBits } from "../image/features.ts";
import { openImage } from "../image/open-image.ts";
import { formatImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { UndoLog } from "../undo/undo-log.ts";
import { holdTarget } from "./hold-target.ts";
import { removeNewImage } from "./remove-new-image.ts";
import { setSize } from "./target-head.ts";
import type { TransferOptions } from "./transfer-progress.ts";
import { writeRecords } from "./write-records.ts";

/** Features that a new image can be given; the others say where an image's data is, or what is being done to it. */
const creatable = featureBits([
  "layering",
  "striping",
  "exclusive-lock",
  "object-map",
  "fast-diff",
  "deep-flatten",
]);

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
 * protection and metadata. Whatever goes wrong, the image is removed again.
 *
 * @throws {CoppiceError} `EXISTS`, `UNDO_FAILED`; {@link FormatError}; the signal's reason
 */
export async function importImage(cluster: Cluster, options: ImportImageOptions): Promise<ImportImageResult> {
  const place = toImageOnly(options.image);
  const spec = formatImageSpec(place);
  const { content } = await decompressIfZstd(options.source);
  await using stream = await openImageStream(content, { order: "any" });
  const { header } = stream;
  const undo = new UndoLog();
  const isStriped = header.stripeCount > 1 || header.stripeUnit !== 2 ** header.order;
  await createImage(cluster, place, {
    size: 0,
    objectSize: 2 ** header.order,
    features: header.features & creatable,
    dataPool: options.dataPool,
    ...(isStriped ? { stripeUnit: header.stripeUnit, stripeCount: header.stripeCount } : {}),
  });
  undo.note(`the image ${spec}`, () => removeNewImage(cluster, place));
  try {
    return await translated({ object: spec, what: `${spec} could not be imported` }, async () => {
      await using image = await openImage(cluster, place);
      await holdTarget(image, spec, options.signal);
      for (const [key, value] of header.metadata) {
        // What Coppice noted of an image speaks of its snapshots by ids, which are others here.
        if (!key.startsWith("coppice.")) await image.setMetadata(key, value);
      }
      const snapshots: string[] = [];
      for await (const diff of stream.diffs) {
        await applyDiff(image, diff, options);
        if (diff.header.to !== undefined) snapshots.push(diff.header.to);
      }
      return { header, snapshots, leftOut: header.features & ~creatable };
    });
  } catch (error) {
    return await undo.undoAndThrow(error, "importImage");
  }
}

async function applyDiff(
  image: Image,
  diff: Diff,
  { signal, onProgress }: ImportImageOptions,
): Promise<void> {
  const { from, to, size } = diff.header;
  await setSize(image, size, signal);
  await writeRecords(image, diff.records, { isEmpty: from === undefined, total: size, signal, onProgress });
  if (to === undefined) return;
  await image.createSnapshot(to);
  if (diff.header.protected === true) await image.protectSnapshot(to);
}
