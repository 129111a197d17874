import { CopyJob, type Image, type SnapshotEntry, tuneForCopies } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { openImage } from "../image/open-image.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { together } from "../parallel/together.ts";
import { checkRoom } from "./check-room.ts";
import { removeCheckpoint, writeCheckpoint } from "./copy-checkpoint.ts";
import { type CopyRun, type RunCopyOptions, runCopy } from "./copy-run.ts";
import { type CopyStart, startCopy } from "./copy-start.ts";
import type { DigestManifest } from "./digest-manifest.ts";
import { findSnapshot } from "./find-snapshot.ts";
import { holdTarget } from "./hold-target.ts";
import { OccupiedRanges, occupiedRanges } from "./occupied-ranges.ts";
import { type OpenSourceOptions, openSource, type Source, type SourceRange } from "./open-source.ts";
import { checkPoint, readPoint, writePoint } from "./point-record.ts";
import { setSize } from "./target-head.ts";
import type { TransferLimits } from "./transfer-limits.ts";

export interface CopyDiffOptions extends SourceRange, OpenSourceOptions, RunCopyOptions {
  /** An image that is there already: empty for a copy from nothing. */
  readonly target: {
    /** Its cluster; the source's without it. */
    readonly cluster?: Cluster | undefined;
    readonly image: ImageSpecLike;
    /** The name of the snapshot that is made of the copy: the source's without it, null for none. */
    readonly snapshot?: string | null | undefined;
    /** The name of the snapshot that the copy builds on, where it is not the source's. */
    readonly from?: string | undefined;
  };
  /** Take the target's from-snapshot by its name, where nothing is recorded of whose copy it is. */
  readonly trustNames?: boolean | undefined;
  readonly limits?: TransferLimits | undefined;
}

export interface CopyDiffResult {
  /** The source's size at `to`, and now the target's, in bytes. */
  readonly size: number;
  /** Whether the target's head did not hold what its from-snapshot holds, and was rolled back to it first. */
  readonly rolledBack: boolean;
  /** How far an interrupted copy of the same had come that was gone on with, in bytes; 0 for a fresh start. */
  readonly resumedAt: number;
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
  /** The id of the snapshot that was made of it. */
  readonly snapshotId: bigint | undefined;
  /** Empty without `digests`. */
  readonly manifest: DigestManifest;
}

/**
 * Brings what changed between two snapshots of an image, or all there is at one, to another image, in this or
 * another cluster. The data does not pass through JavaScript.
 *
 * The target is made to hold what its from-snapshot holds, which must be a copy of the source's (by id, as
 * recorded); it takes the source's size; the snapshot is made last, when everything is written and flushed.
 *
 * When it fails, is aborted, or its process ends, the target has no new snapshot of that name. Its head holds a part of
 * the copy, and says how far it is: the same call goes on there, after it has compared what is there with the source,
 * and begins anew if somebody wrote to it; any other call begins by rolling back.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `NOT_EMPTY`, `BUSY` while somebody else has the target open, `QUOTA_EXCEEDED`, `NO_SPACE`,
 * `NOT_A_COPY` when the target's from-snapshot is a copy of something else, `SOURCE_CHANGED` when a snapshot of the
 * source is removed meanwhile, and Ceph's refusals, naming the extent; the signal's reason
 */
export async function copyDiff(cluster: Cluster, options: CopyDiffOptions): Promise<CopyDiffResult> {
  const place = toImageOnly(options.target.image);
  const spec = showImageSpec(place);
  const targetCluster = options.target.cluster ?? cluster;
  await using opened = new AsyncDisposableStack();
  const [source, target] = await together([
    openSource(cluster, options, options).then((image) => opened.use(image)),
    openTarget(targetCluster, place, options.signal).then((image) => opened.use(image)),
  ]);
  return await translated(
    { object: spec, what: `${source.spec} could not be copied to ${spec}` },
    async () => {
      await holdTarget(target, spec, options.signal);
      const name = options.target.snapshot === undefined ? source.to.name : options.target.snapshot;
      const snapshots = await target.listSnapshots({ signal: options.signal });
      const from = await findStart(target, spec, snapshots, source, options);
      const start = await startCopy(
        { cluster: targetCluster, place, image: target, snapshots, from, source, name },
        options,
      );
      const done = await copyData(targetCluster, place, target, source, start, options);
      await source.confirm(options.signal);
      options.signal?.throwIfAborted();
      const snapshotId = name === null ? undefined : await makePoint(target, source, name, start);
      await removeCheckpoint(target);
      const { rolledBack, resumedAt } = start;
      return { size: source.size, rolledBack, resumedAt, snapshotId, ...done };
    },
  );
}

async function openTarget(
  cluster: Cluster,
  place: ImageSpec,
  signal: AbortSignal | undefined,
): Promise<Image> {
  const object = showImageSpec(place);
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await checkRoom(cluster, ioCtx.poolId, signal);
  await translated({ object }, () => tuneForCopies(ioCtx, { signal }));
  const image = await openImage(cluster, place);
  try {
    const dataPoolId = await translated({ object }, () => image.dataPoolId({ signal }));
    if (dataPoolId !== ioCtx.poolId) await checkRoom(cluster, dataPoolId, signal);
    return image;
  } catch (error) {
    await image.close();
    throw error;
  }
}

async function findStart(
  target: Image,
  spec: string,
  snapshots: readonly SnapshotEntry[],
  source: Source,
  { target: { from: targetFrom }, trustNames }: CopyDiffOptions,
): Promise<SnapshotEntry | undefined> {
  if (source.from === undefined) return undefined;
  const from = findSnapshot(snapshots, targetFrom ?? source.from.name, spec);
  const recorded = await readPoint(target, from.id);
  if (recorded !== undefined || trustNames !== true) {
    checkPoint(`${spec}@${from.name}`, recorded, { source: source.identity, snapshot: source.from });
  }
  return from;
}

async function copyData(
  cluster: Cluster,
  place: ImageSpec,
  target: Image,
  source: Source,
  start: CopyStart,
  options: CopyDiffOptions,
): Promise<CopyRun> {
  const { signal } = options;
  // Where a run was interrupted, the head may hold something even before its first note.
  const isFresh = source.from === undefined && start.verified === undefined && start.made === undefined;
  // What is cut off by the new size is of no interest: the one need not wait for the other.
  const [occupied] = await together([
    isFresh ? new OccupiedRanges([]) : occupiedRanges(cluster, place, signal),
    setSize(target, source.size, signal),
  ]);
  const job = new CopyJob();
  const release = options.limits?.apply(job);
  try {
    return await runCopy(
      {
        job,
        source,
        target,
        occupied,
        resumeAt: start.resumedAt,
        verified: start.verified,
        checkpoint: (done) => writeCheckpoint(target, { ...start.checkpoint, done }),
      },
      options,
    );
  } finally {
    release?.();
  }
}

/**
 * Makes the snapshot of a copy, records what it is of, and gives it its name: a snapshot that has its name is recorded,
 * whenever this ends. What an interrupted run did of it already is not done again.
 */
async function makePoint(
  target: Image,
  source: Source,
  name: string,
  { checkpoint, made }: CopyStart,
): Promise<bigint> {
  if (made?.name === name) return made.id;
  if (made === undefined) await target.createSnapshot(checkpoint.snapshot);
  const id = made?.id ?? (await target.snapshotId(checkpoint.snapshot));
  await writePoint(target, id, { source: source.identity, snapshot: source.to });
  await target.renameSnapshot(checkpoint.snapshot, name);
  return id;
}
