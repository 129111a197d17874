import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow, openAhead } from "../../concurrency/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import type { ImageHeader } from "../../headers/index.ts";
import { createImage, openImage, prepareRemoval } from "../../image/index.ts";
import {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
} from "../../names/index.ts";
import { UndoLog } from "../../operation/index.ts";
import { snapshotsBefore, takeHeadSnapshot } from "../head-snapshot.ts";
import { newImageFeatures, removeNewImage, unmarkedSize } from "../new-image.ts";
import { identityOf, type OpenSourceOptions, openSource } from "../source.ts";
import { writeHeader } from "../target/change-header.ts";
import type { TransferLimits } from "../transfer-options.ts";
import { type MarkedImage, markNew, noteMark, removeMark } from "./copy-mark.ts";
import { copyPoint, type RunCopyOptions } from "./copy-point.ts";
import { ReusedTarget } from "./copy-start.ts";
import { type CopyOfImage, takeOverCopy } from "./take-over-copy.ts";

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

/**
 * Makes a copy of an image with all the user's snapshots, their protection, and metadata. A clone's copy has no
 * parent: it holds everything itself. The head is read from a snapshot that is taken for the purpose and removed at
 * the end. When it fails or is aborted the new image is removed. When its process ends on the way, the same call goes
 * on with what is there, if the source still has the snapshots that were copied; otherwise it begins anew.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `BUSY` while another process makes the same copy, `QUOTA_EXCEEDED`,
 * `NO_SPACE`, `UNDO_FAILED`; the signal's reason
 */
export async function copyImage(cluster: Cluster, options: CopyImageOptions): Promise<CopyImageResult> {
  const { signal } = options;
  const place = toImageOnly(options.target.image);
  const spec = formatImageSpec(place);
  const source = toImageOnly(options.image);
  const targetCluster = options.target.cluster ?? cluster;
  await using original = await openImage(cluster, source);
  const { identity, layout } = await withCoppiceErrors({ object: showImageSpec(source) }, async () => {
    const layout = await layoutOf(original, targetCluster, options.target.dataPool);
    return { identity: await identityOf(cluster, source, original), layout };
  });
  const isBare = (header: ImageHeader) => isBareCopy(header, layout);
  const work = { cluster, source, original, identity, targetCluster, place, isBare };
  const known = await withCoppiceErrors({ object: spec }, () => takeOverCopy(work, signal));
  if (known === undefined) {
    await prepareRemoval(targetCluster, place);
    await createCopy(targetCluster, place, layout);
  }
  const undo = new UndoLog();
  try {
    await using marked =
      known ??
      (await withCoppiceErrors({ object: spec }, () =>
        markNew(targetCluster, place, identity, isBare, signal),
      ));
    // Not before: until it is marked, another process may take it up.
    undo.note(`the image ${spec}`, () => removeNewImage(targetCluster, place));
    const result = marked.mark.isWhole
      ? { snapshots: [...(known?.snapshots ?? [])], bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 }
      : await fill(work, marked, known?.snapshots, options);
    await withCoppiceErrors({ object: spec }, () => writeHeader(marked.ioCtx, marked.id, [removeMark]));
    return result;
  } catch (error) {
    return await undo.undoAndThrow(error, "copyImage");
  }
}

/** Copies what is not there yet. The head's snapshot is removed when the image is whole, and said to be. */
async function fill(
  { cluster, source, original, targetCluster, place }: CopyOfImage,
  marked: MarkedImage,
  known: ReadonlySet<string> | undefined,
  options: CopyImageOptions,
): Promise<CopyImageResult> {
  const { signal } = options;
  const inSource = { object: showImageSpec(source) };
  await using opened = new AsyncDisposableStack();
  const targets = new ReusedTarget(targetCluster, place);
  const [head] = await allSettledOrThrow([
    withCoppiceErrors(inSource, () => takeHeadSnapshot(original, { signal, name: marked.mark.head })).then(
      (head) => opened.use(head),
    ),
    opened.use(targets).open(signal),
  ]);
  const snapshots = await withCoppiceErrors(inSource, () => snapshotsBefore(original, head.name));
  const points = [...snapshots, undefined].map((snapshot, i) => ({
    name: snapshot?.name ?? null,
    range: { image: source, from: snapshots[i - 1]?.name, to: snapshot?.name ?? head.name },
  }));
  const missing = points.filter(({ name }) => name === null || !known?.has(name));
  const sum = { bytesRead: 0, bytesWritten: 0, bytesSkipped: 0 };
  const open = ({ range }: (typeof points)[number]) => openSource(cluster, range, options);
  for await (const [from, { name }] of openAhead(missing, open)) {
    const target = await targets.ofSize(from.size, signal);
    const done = await copyPoint(from, target, { ...options, snapshot: name, digests: false });
    sum.bytesRead += done.bytesRead;
    sum.bytesWritten += done.bytesWritten;
    sum.bytesSkipped += done.bytesSkipped;
  }
  await targets[Symbol.asyncDispose]();
  await withCoppiceErrors({ object: showImageSpec(place) }, () =>
    finish(original, targetCluster, place, snapshots, marked),
  );
  return { snapshots: snapshots.map(({ name }) => name), ...sum };
}

async function finish(
  original: Image,
  targetCluster: Cluster,
  place: ImageSpec,
  snapshots: readonly SnapshotEntry[],
  { ioCtx, id, mark }: MarkedImage,
): Promise<void> {
  const protectedOnes = snapshots.filter((snapshot) => snapshot.protected);
  if (protectedOnes.length > 0) {
    await using image = await openImage(targetCluster, place);
    for (const { name } of protectedOnes) {
      if (!(await image.isSnapshotProtected(name))) await image.protectSnapshot(name);
    }
  }
  // What a copy says of its own points is not for a copy of it to repeat.
  const metadata = [...(await original.listMetadata())].filter(([key]) => !key.startsWith("coppice."));
  const sets = metadata.map(([key, value]) => ({ type: "set", key, value }) as const);
  await writeHeader(ioCtx, id, [...sets, noteMark({ ...mark, isWhole: true })]);
}

/** What a copy of an image has from its source beside the data. */
interface CopyLayout {
  readonly order: number;
  /** `RBD_FEATURE_*` bits that a copy can have. */
  readonly features: bigint;
  readonly stripeUnit: number;
  readonly stripeCount: number;
  /** Where the data is to be kept; `undefined`: in the copy's own pool. */
  readonly dataPool: { readonly name: string; readonly id: number } | undefined;
}

/** @throws {CoppiceError} `NOT_FOUND` for the pool; RbdError */
async function layoutOf(image: Image, target: Cluster, dataPool: string | undefined): Promise<CopyLayout> {
  const { order } = await image.stat();
  const { unit: stripeUnit, count: stripeCount } = await image.stripe();
  const features = (await image.features()) & newImageFeatures;
  const pool = dataPool === undefined ? undefined : await target.pool(dataPool);
  return {
    order,
    features,
    stripeUnit,
    stripeCount,
    dataPool: pool && { name: pool.poolName, id: pool.poolId },
  };
}

/**
 * Makes an image of that layout with nothing in it, and not of the size it will have.
 *
 * @throws {CoppiceError} `EXISTS`
 */
async function createCopy(
  cluster: Cluster,
  place: ImageSpec,
  { order, features, stripeUnit, stripeCount, dataPool }: CopyLayout,
): Promise<void> {
  const isStriped = stripeCount > 1 || stripeUnit !== 2 ** order;
  await createImage(cluster, place, {
    size: unmarkedSize,
    objectSize: 2 ** order,
    features,
    dataPool: dataPool?.name,
    ...(isStriped ? { stripeUnit, stripeCount } : {}),
  });
}

/** Whether an image is as {@link createCopy} leaves it. */
function isBareCopy(header: ImageHeader, layout: CopyLayout): boolean {
  const { order, features, stripeUnit, stripeCount, dataPool } = layout;
  const isOurs =
    header.dataPoolId === (dataPool?.id ?? null) &&
    header.order === order &&
    (header.features & newImageFeatures) === features &&
    header.stripeUnit === stripeUnit &&
    header.stripeCount === stripeCount;
  const isEmpty = header.size === unmarkedSize && header.snapshotSequence === 0n;
  return isOurs && isEmpty && header.parent === null && header.group === null;
}
