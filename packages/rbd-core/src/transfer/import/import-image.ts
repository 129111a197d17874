import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import {
  type ByteSource,
  type Diff,
  decompressIfZstd,
  type ImageHeader,
  openImageStream,
} from "../../formats/index.ts";
import { type ImageSpecLike, toImageOnly } from "../../names/index.ts";
import { newImageFeatures } from "../new-image.ts";
import { setSize } from "../target/head.ts";
import type { TransferOptions } from "../transfer-options.ts";
import { importNew, markSnapshots } from "./new-image-import.ts";
import { writeRecords } from "./write-records.ts";

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
  /** The feature bits of the stream that the image was not given, because they do not describe its contents. */
  readonly leftOut: bigint;
}

/**
 * Creates an image from a stream that `exportImage` or `rbd export --export-format 2` wrote, with all its snapshots, their
 * protection, and its metadata. When the import fails or is aborted, the image is removed again. When its process ends, the
 * next import to the same name first removes what was left.
 *
 * @throws {CoppiceError} `EXISTS`, `BUSY` while another process imports to that name, `QUOTA_EXCEEDED`,
 * `NO_SPACE`, `UNDO_FAILED`; {@link FormatError}; the signal's reason
 */
export async function importImage(cluster: Cluster, options: ImportImageOptions): Promise<ImportImageResult> {
  options.signal?.throwIfAborted();
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
  const { signal: wanted } = options;
  const how = { call: "importImage", create, signal: wanted };
  return await importNew(cluster, place, how, async (image, signal) => {
    for (const [key, value] of header.metadata) {
      // Notes speak of an image's snapshots by ids, which are different here.
      if (!key.startsWith("coppice.")) await image.setMetadata(key, value);
    }
    const snapshots: string[] = [];
    for await (const diff of stream.diffs) {
      await writeDiff(image, diff, { ...options, signal });
      const { to, protected: isProtected } = diff.header;
      if (to === undefined) continue;
      snapshots.push(to);
      await markSnapshots(image, snapshots);
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
