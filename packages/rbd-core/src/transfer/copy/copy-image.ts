import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow, openAhead } from "../../concurrency/index.ts";
import { hasCode, withCoppiceErrors } from "../../errors/index.ts";
import type { ImageHeader } from "../../headers/index.ts";
import { openImage } from "../../image/index.ts";
import {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
} from "../../names/index.ts";
import { writeHeader } from "../../notes/index.ts";
import type { UndoLog } from "../../operation/index.ts";
import { snapshotsBefore, takeHeadSnapshot } from "../head-snapshot.ts";
import {
  createEmptyImage,
  isEmptyHeader,
  makeNewImage,
  newImageFeatures,
  removeNewImage,
} from "../new-image.ts";
import { identityOf, type OpenSourceOptions, openSource } from "../source.ts";
import { openTarget, type Target } from "../target/open-target.ts";
import { type CopyDataOptions, copyPoint } from "./copy-diff.ts";
import { copyMarkNote, type ImageCopy, type MarkedImage, markNewCopy, resumeCopy } from "./copy-mark.ts";

export interface CopyImageOptions extends OpenSourceOptions, Omit<CopyDataOptions, "digests"> {
  readonly image: ImageSpecLike;
  /** The image to create, with the source's layout. */
  readonly target: {
    /** The target's cluster; the source's without it. */
    readonly cluster?: Cluster | undefined;
    readonly image: ImageSpecLike;
    /** Keeps the data in another pool. */
    readonly dataPool?: string | undefined;
  };
}

export interface CopyImageResult {
  readonly snapshots: readonly string[];
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
  /** Bytes of the copy that were read back and compared, holes included; 0 with `verify: "none"`. */
  readonly bytesVerified: number;
}

/**
 * Copies an image with all the user's snapshots, their protection, and its metadata. The copy of a clone has no parent: it
 * holds all of the data itself. The head is read from a snapshot that is taken for the purpose and removed at the end.
 *
 * When the copy fails or is aborted, the new image is removed. When its process ends, the same call continues with the
 * data that is there, if the source still has the snapshots that were copied; otherwise it starts anew.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `BUSY` while another process makes the same copy, `QUOTA_EXCEEDED`,
 * `NO_SPACE`, `VERIFICATION_FAILED`, `UNDO_FAILED`, `LEASE_LOST`; the signal's reason
 */
export async function copyImage(cluster: Cluster, options: CopyImageOptions): Promise<CopyImageResult> {
  const place = toImageOnly(options.target.image);
  const spec = formatImageSpec(place);
  const source = toImageOnly(options.image);
  const targetCluster = options.target.cluster ?? cluster;
  await using original = await openImage(cluster, source);
  const { identity, layout } = await withCoppiceErrors({ object: showImageSpec(source) }, async () => {
    const layout = await layoutOf(original, targetCluster, options.target.dataPool);
    return { identity: await identityOf(cluster, source, original), layout };
  });
  const isBare = (header: ImageHeader) => isEmptyHeader(header) && hasLayout(header, layout);
  const onTarget = <T>(action: () => Promise<T>) => withCoppiceErrors({ object: spec }, action);
  const how = { kind: "copy", call: "copyImage", signal: options.signal } as const;
  return await makeNewImage(targetCluster, place, how, async (operation, undo) => {
    const copy = { operation, cluster, source, original, identity, targetCluster, place, isBare };
    const resumed = await onTarget(() => resumeCopy(copy));
    if (resumed === undefined) await createWithLayout(copy, layout, undo);
    else undo.note(`the image ${spec}`, () => removeNewImage(targetCluster, place));
    const marked = resumed ?? (await onTarget(() => markOwn(copy, undo)));
    const result = marked.mark.isWhole
      ? { snapshots: [...(resumed?.snapshots ?? [])], ...nothingMoved }
      : await copySnapshots(copy, marked, resumed?.snapshots, { ...options, signal: operation.signal });
    await onTarget(() => writeHeader(marked.ioCtx, marked.id, [copyMarkNote.unset]));
    return result;
  });
}

const nothingMoved = { bytesRead: 0, bytesWritten: 0, bytesSkipped: 0, bytesVerified: 0 };

/** Marks the new image. One that another client has used meanwhile must not be removed. */
async function markOwn(copy: ImageCopy, undo: UndoLog): Promise<MarkedImage> {
  try {
    return await markNewCopy(copy);
  } catch (error) {
    if (hasCode(error, "EXISTS")) undo.forgetLast();
    throw error;
  }
}

/**
 * Copies the snapshots that are not on the target yet, and the head. The snapshot of the source's head is removed after the
 * image is marked as whole.
 */
async function copySnapshots(
  { cluster, source, original, targetCluster, place }: ImageCopy,
  marked: MarkedImage,
  copied: ReadonlySet<string> | undefined,
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
  const missing = points.filter(({ name }) => name === null || !copied?.has(name));
  const sum = { ...nothingMoved };
  const open = ({ range }: (typeof points)[number]) => openSource(cluster, range, options);
  for await (const [from, { name }] of openAhead(missing, open)) {
    const target = await targets.ofSize(from.size, signal);
    const done = await copyPoint(from, target, { ...options, snapshot: name, digests: false });
    sum.bytesRead += done.bytesRead;
    sum.bytesWritten += done.bytesWritten;
    sum.bytesSkipped += done.bytesSkipped;
    sum.bytesVerified += done.bytesVerified;
  }
  await targets[Symbol.asyncDispose]();
  await withCoppiceErrors({ object: showImageSpec(place) }, () =>
    markWhole(original, targetCluster, place, snapshots, marked),
  );
  return { snapshots: snapshots.map(({ name }) => name), ...sum };
}

/** Copies protection and metadata, and marks the image as whole. */
async function markWhole(
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
  // Notes speak of one image by ids, and are not copied.
  const metadata = [...(await original.listMetadata())].filter(([key]) => !key.startsWith("coppice."));
  const sets = metadata.map(([key, value]) => ({ type: "set", key, value }) as const);
  await writeHeader(ioCtx, id, [...sets, copyMarkNote.set({ ...mark, isWhole: true })]);
}

/** The properties that a copy takes over from its source. */
interface CopyLayout {
  readonly order: number;
  /** Those of the source's `RBD_FEATURE_*` bits that a copy can have. */
  readonly features: bigint;
  readonly stripeUnit: number;
  readonly stripeCount: number;
  /** The pool for the data; `undefined`: the copy's own pool. */
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

/** @throws {CoppiceError} `EXISTS` */
async function createWithLayout(
  { operation, targetCluster, place }: ImageCopy,
  { order, features, stripeUnit, stripeCount, dataPool }: CopyLayout,
  undo: UndoLog,
): Promise<void> {
  const isStriped = stripeCount > 1 || stripeUnit !== 2 ** order;
  const create = {
    objectSize: 2 ** order,
    features,
    dataPool: dataPool?.name,
    ...(isStriped ? { stripeUnit, stripeCount } : {}),
  };
  await createEmptyImage(targetCluster, place, create, operation, undo);
}

function hasLayout(header: ImageHeader, layout: CopyLayout): boolean {
  const { order, features, stripeUnit, stripeCount, dataPool } = layout;
  return (
    header.dataPoolId === (dataPool?.id ?? null) &&
    header.order === order &&
    (header.features & newImageFeatures) === features &&
    header.stripeUnit === stripeUnit &&
    header.stripeCount === stripeCount
  );
}

/** A target that one snapshot after the other is copied to, through one handle as long as that is possible. */
class ReusedTarget implements AsyncDisposable {
  readonly #cluster: Cluster;
  readonly #place: ImageSpec;
  #open: Target | undefined;
  /** The size of the copies that were made through the open handle. */
  #size: number | undefined;

  constructor(cluster: Cluster, place: ImageSpec) {
    this.#cluster = cluster;
    this.#place = place;
  }

  /** @throws {CoppiceError} as `openTarget` */
  async open(signal: AbortSignal | undefined): Promise<Target> {
    this.#open ??= await openTarget(this.#cluster, this.#place, signal);
    return this.#open;
  }

  /**
   * The target, for a copy of that size in bytes. A handle that was copied through does not change the image's size: for
   * another size the target is opened again.
   *
   * @throws {CoppiceError} as `openTarget`
   */
  async ofSize(size: number, signal: AbortSignal | undefined): Promise<Target> {
    if (this.#size !== undefined && this.#size !== size) await this[Symbol.asyncDispose]();
    const target = await this.open(signal);
    this.#size = size;
    return target;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const open = this.#open;
    [this.#open, this.#size] = [undefined, undefined];
    await open?.[Symbol.asyncDispose]();
  }
}
