import type { Image, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { withCoppiceErrors } from "../../errors/to-coppice-error.ts";
import type { ImageHeader } from "../../headers/image-header.ts";
import { openImage } from "../../image/open-image.ts";
import { prepareRemoval } from "../../image/prepare-removal.ts";
import { formatImageSpec, showImageSpec } from "../../names/format-image-spec.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../../names/to-image-spec.ts";
import { openAhead } from "../../parallel/open-ahead.ts";
import { allSettledOrThrow } from "../../parallel/together.ts";
import { UndoLog } from "../../undo/undo-log.ts";
import { removeNewImage } from "../new-image/remove-new-image.ts";
import { snapshotsBefore, takeHeadSnapshot } from "../source-image/head-snapshot.ts";
import { identityOf } from "../source-image/image-identity.ts";
import { type OpenSourceOptions, openSource } from "../source-image/open-source.ts";
import { writeHeader } from "../target-image/change-header.ts";
import type { TransferLimits } from "../transfer-limits.ts";
import { createCopy, isBareCopy, layoutOf } from "./copy-layout.ts";
import { type MarkedImage, markNew, noteMark, removeMark } from "./copy-mark.ts";
import { copyPoint } from "./copy-point.ts";
import type { RunCopyOptions } from "./copy-run.ts";
import { ReusedTarget } from "./reused-target.ts";
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
