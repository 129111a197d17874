import type { SnapshotEntry } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { createImage } from "../image/create-image.ts";
import { featureBits } from "../image/features.ts";
import { openImage } from "../image/open-image.ts";
import { formatImageSpec, showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { UndoLog } from "../undo/undo-log.ts";
import { copyDiff } from "./copy-diff.ts";
import { type CopyMark, markNew, removeMark, writeMark } from "./copy-mark.ts";
import type { RunCopyOptions } from "./copy-run.ts";
import { snapshotsBefore, takeHeadSnapshot } from "./head-snapshot.ts";
import { type ImageIdentity, identityOf } from "./image-identity.ts";
import type { OpenSourceOptions } from "./open-source.ts";
import { removeNewImage } from "./remove-new-image.ts";
import { type CopyOfImage, takeOverCopy } from "./take-over-copy.ts";
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
  readonly identity: ImageIdentity;
  readonly order: number;
  readonly features: bigint;
  readonly stripeUnit: number;
  readonly stripeCount: number;
}

/**
 * Makes a copy of an image with all the user's snapshots, their protection, and metadata. A clone's copy has no
 * parent: it holds everything itself. The head is read from a snapshot that is taken for the purpose and removed at
 * the end. When it fails or is aborted the new image is removed. When its process ends on the way, the same call goes
 * on with what is there, if the source still has the snapshots that were copied; otherwise it begins anew.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `BUSY` while another process makes the same copy, `UNDO_FAILED`; the
 * signal's reason
 */
export async function copyImage(cluster: Cluster, options: CopyImageOptions): Promise<CopyImageResult> {
  const { signal } = options;
  const place = toImageOnly(options.target.image);
  const spec = formatImageSpec(place);
  const source = toImageOnly(options.image);
  const targetCluster = options.target.cluster ?? cluster;
  const layout = await translated({ object: showImageSpec(source) }, () => readLayout(cluster, source));
  const work = { cluster, source, identity: layout.identity, targetCluster, place };
  const known = await translated({ object: spec }, () => takeOverCopy(work, signal));
  if (known === undefined) await createTarget(targetCluster, place, layout, options.target.dataPool);
  const undo = new UndoLog();
  undo.note(`the image ${spec}`, () => removeNewImage(targetCluster, place));
  try {
    await using marked = known ?? (await markNew(targetCluster, place, layout.identity, signal));
    const result = marked.mark.isWhole
      ? { snapshots: [...(known?.snapshots ?? [])], bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 }
      : await fill(work, marked.mark, known?.snapshots, options);
    await translated({ object: spec }, async () => {
      await using image = await openImage(targetCluster, place);
      await removeMark(image);
    });
    return result;
  } catch (error) {
    return await undo.undoAndThrow(error, "copyImage");
  }
}

/** Copies what is not there yet. The head's snapshot is removed when the image is whole, and said to be. */
async function fill(
  { cluster, source, targetCluster, place }: CopyOfImage,
  mark: CopyMark,
  known: ReadonlySet<string> | undefined,
  options: CopyImageOptions,
): Promise<CopyImageResult> {
  await using head = await translated({ object: showImageSpec(source) }, () =>
    takeHeadSnapshot(cluster, source, { signal: options.signal, name: mark.head }),
  );
  const snapshots = await snapshotsBefore(cluster, source, head.name);
  const sum = { bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 };
  let from: string | undefined;
  for (const snapshot of [...snapshots, undefined]) {
    if (snapshot === undefined || !known?.has(snapshot.name)) {
      const target = { cluster: targetCluster, image: place, snapshot: snapshot?.name ?? null };
      const to = snapshot?.name ?? head.name;
      const done = await copyDiff(cluster, { ...options, from, to, target, digests: false });
      sum.bytesRead += done.bytesRead;
      sum.bytesWritten += done.bytesWritten;
      sum.bytesSkipped += done.bytesSkipped;
    }
    from = snapshot?.name;
  }
  const object = showImageSpec(place);
  await translated({ object }, () => finish(cluster, source, targetCluster, place, snapshots, mark));
  return { snapshots: snapshots.map(({ name }) => name), ...sum };
}

async function readLayout(cluster: Cluster, source: ImageSpec): Promise<Layout> {
  await using image = await openImage(cluster, source, { readOnly: true });
  const { order } = await image.stat();
  const { unit: stripeUnit, count: stripeCount } = await image.stripe();
  const features = await image.features();
  return { identity: await identityOf(cluster, source, image), order, features, stripeUnit, stripeCount };
}

async function createTarget(
  cluster: Cluster,
  place: ImageSpec,
  { order, features, stripeUnit, stripeCount }: Layout,
  dataPool: string | undefined,
): Promise<void> {
  const isStriped = stripeCount > 1 || stripeUnit !== 2 ** order;
  await createImage(cluster, place, {
    size: 0,
    objectSize: 2 ** order,
    features: features & copied,
    dataPool,
    ...(isStriped ? { stripeUnit, stripeCount } : {}),
  });
}

async function finish(
  cluster: Cluster,
  source: ImageSpec,
  targetCluster: Cluster,
  target: ImageSpec,
  snapshots: readonly SnapshotEntry[],
  mark: CopyMark,
): Promise<void> {
  await using from = await openImage(cluster, source, { readOnly: true });
  await using image = await openImage(targetCluster, target);
  for (const [key, value] of await from.listMetadata()) {
    // What a copy says of its own points is not for a copy of it to repeat.
    if (!key.startsWith("coppice.")) await image.setMetadata(key, value);
  }
  for (const { name, protected: isProtected } of snapshots) {
    if (isProtected && !(await image.isSnapshotProtected(name))) await image.protectSnapshot(name);
  }
  await writeMark(image, { ...mark, isWhole: true });
}
