import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { createImage } from "../image/create-image.ts";
import { featureBits } from "../image/features.ts";
import { openImage } from "../image/open-image.ts";
import { formatImageSpec, showImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { UndoLog } from "../undo/undo-log.ts";
import { copyDiff } from "./copy-diff.ts";
import type { RunCopyOptions } from "./copy-run.ts";
import { takeHeadSnapshot } from "./head-snapshot.ts";
import type { OpenSourceOptions } from "./open-source.ts";
import { removeNewImage } from "./remove-new-image.ts";
import type { TransferLimits } from "./transfer-limits.ts";

/** What a copy can have of its source's features: the others say where its data is, or what is being done to it. */
const copied = featureBits([
  "layering",
  "striping",
  "exclusive-lock",
  "object-map",
  "fast-diff",
  "deep-flatten",
]);

export interface CopyImageOptions extends OpenSourceOptions, Omit<RunCopyOptions, "digests"> {
  readonly image: ImageSpecLike;
  /** The image to create, with the source's layout. */
  readonly target: {
    /** Its cluster; the source's without it. */
    readonly cluster?: Cluster | undefined;
    readonly image: ImageSpecLike;
    /** Keeps the data in another pool. */
    readonly dataPool?: string | undefined;
  };
  readonly limits?: TransferLimits | undefined;
}

export interface CopyImageResult {
  readonly snapshots: readonly string[];
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
}

interface Layout {
  readonly order: number;
  readonly features: bigint;
  readonly stripeUnit: number;
  readonly stripeCount: number;
  readonly metadata: ReadonlyMap<string, string>;
  readonly snapshots: readonly { readonly name: string; readonly protected: boolean }[];
}

/**
 * Makes a copy of an image with all the user's snapshots, their protection, and metadata. A clone's copy has no
 * parent: it holds everything itself. The head is read from a snapshot that is taken for the purpose and removed at
 * the end. When it fails or is aborted the new image is removed.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `UNDO_FAILED`; the signal's reason
 */
export async function copyImage(cluster: Cluster, options: CopyImageOptions): Promise<CopyImageResult> {
  const place = toImageOnly(options.target.image);
  const spec = formatImageSpec(place);
  const targetCluster = options.target.cluster ?? cluster;
  const object = showImageSpec(toImageOnly(options.image));
  const layout = await translated({ object }, () => readLayout(cluster, options.image));
  await using head = await translated({ object }, () => takeHeadSnapshot(cluster, options.image, options));
  const { order, features, stripeUnit, stripeCount } = layout;
  const isStriped = stripeCount > 1 || stripeUnit !== 2 ** order;
  await createImage(targetCluster, place, {
    size: 0,
    objectSize: 2 ** order,
    features: features & copied,
    dataPool: options.target.dataPool,
    ...(isStriped ? { stripeUnit, stripeCount } : {}),
  });
  const undo = new UndoLog();
  undo.note(`the image ${spec}`, () => removeNewImage(targetCluster, place));
  try {
    const sum = { bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 };
    let from: string | undefined;
    for (const snapshot of [...layout.snapshots, undefined]) {
      const target = { cluster: targetCluster, image: place, snapshot: snapshot?.name ?? null };
      const to = snapshot?.name ?? head.name;
      const done = await copyDiff(cluster, { ...options, from, to, target, digests: false });
      sum.bytesRead += done.bytesRead;
      sum.bytesWritten += done.bytesWritten;
      sum.bytesSkipped += done.bytesSkipped;
      from = snapshot?.name;
    }
    await translated({ object: spec }, () => finish(targetCluster, spec, layout));
    return { snapshots: layout.snapshots.map(({ name }) => name), ...sum };
  } catch (error) {
    return await undo.undoAndThrow(error, "copyImage");
  }
}

async function readLayout(cluster: Cluster, name: ImageSpecLike): Promise<Layout> {
  await using image = await openImage(cluster, name, { readOnly: true });
  const { order } = await image.stat();
  const { unit: stripeUnit, count: stripeCount } = await image.stripe();
  const snapshots = (await image.listSnapshots()).filter(({ namespace }) => namespace === "user");
  return {
    order,
    features: await image.features(),
    stripeUnit,
    stripeCount,
    metadata: await image.listMetadata(),
    snapshots: snapshots.toSorted((a, b) => (a.id < b.id ? -1 : 1)),
  };
}

async function finish(cluster: Cluster, spec: string, { metadata, snapshots }: Layout): Promise<void> {
  await using image = await openImage(cluster, spec);
  for (const [key, value] of metadata) {
    // What a copy says of its own points is not for a copy of it to repeat.
    if (!key.startsWith("coppice.")) await image.setMetadata(key, value);
  }
  for (const snapshot of snapshots) if (snapshot.protected) await image.protectSnapshot(snapshot.name);
}
