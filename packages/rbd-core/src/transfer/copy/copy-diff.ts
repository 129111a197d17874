import { CopyJob } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow, readAhead } from "../../concurrency/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { type ImageSpecLike, toImageOnly } from "../../names/index.ts";
import { changeHeader } from "../../notes/index.ts";
import { type BlockDigest, blockDigests, type DigestManifest } from "../digests/digest-manifest.ts";
import { type CopyPart, copyParts, OccupiedRanges } from "../plan.ts";
import {
  findSnapshot,
  type KnownSnapshot,
  type OpenSourceOptions,
  openSource,
  type Source,
  type SourceRange,
} from "../source.ts";
import { readOccupied, setSize } from "../target/head.ts";
import { holdTarget, openTarget, readTarget, type Target, type TargetFacts } from "../target/open-target.ts";
import { checkPoint, pointIn, setPoint } from "../target/point-record.ts";
import { SizeGuard } from "../target/size-guard.ts";
import { progressOf, type TransferLimits, type TransferOptions } from "../transfer-options.ts";
import { type CopyStart, checkpointNote, startCopy } from "./copy-checkpoint.ts";
import { type CopyVerification, verifyCopy } from "./verify-copy.ts";

/** How the data of a copy is moved. */
export interface CopyDataOptions extends TransferOptions {
  /** Whether to return digests of what was moved. True without it. */
  readonly digests?: boolean | undefined;
  /** After how many bytes of data the progress is recorded on the target. 2 GiB without it: a record costs a flush. */
  readonly checkpointBytes?: number | undefined;
  readonly limits?: TransferLimits | undefined;
  /** How the copy is compared with its source before its snapshot gets its name. `none` without it. */
  readonly verify?: CopyVerification | undefined;
}

interface CopyPointOptions extends CopyDataOptions {
  /** The name of the snapshot that is made of the copy: the source's without it, null for none. */
  readonly snapshot?: string | null | undefined;
  /** The name of the target's snapshot that the copy builds on, where it differs from the source's. */
  readonly from?: string | undefined;
  /** Accept the target's from-snapshot by its name when there is no record of which snapshot it is a copy of. */
  readonly trustNames?: boolean | undefined;
}

export interface CopyDiffOptions
  extends SourceRange,
    OpenSourceOptions,
    Omit<CopyPointOptions, "snapshot" | "from"> {
  /** An existing image, which must be empty for a copy from nothing. */
  readonly target: Pick<CopyPointOptions, "snapshot" | "from"> & {
    /** The target's cluster; the source's without it. */
    readonly cluster?: Cluster | undefined;
    readonly image: ImageSpecLike;
  };
}

interface CopiedData {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
  /** Digests of what was moved; empty when `digests` is false. */
  readonly manifest: DigestManifest;
}

export interface CopyDiffResult extends CopiedData {
  /** The source's size at `to`, and now the target's, in bytes. */
  readonly size: number;
  /** Whether the target's head differed from its from-snapshot, and was rolled back to it first. */
  readonly rolledBack: boolean;
  /** The offset at which an interrupted run of the same copy was continued, in bytes; 0 for a fresh start. */
  readonly resumedAt: number;
  /** Bytes of the copy that were read back and compared, holes included; 0 with `verify: "none"`. */
  readonly bytesVerified: number;
  /** The id of the snapshot that was made of the copy. */
  readonly snapshotId: bigint | undefined;
}

/**
 * Copies what changed between two snapshots of an image, or everything at one snapshot, to another image, in the same
 * or another cluster. The data does not pass through JavaScript.
 *
 * The target is made to hold what its from-snapshot holds, which must be a copy of the source's from-snapshot (by ids, as
 * recorded). It is given the source's size. Its new snapshot is made last, when everything is written and flushed. With
 * `verify`, what was written (`changed`) or the whole image (`full`) is then read back from that snapshot, which gets its
 * name only if nothing differs.
 *
 * When the copy fails, is aborted, or its process ends, the target has no new snapshot of that name. Its head holds a part
 * of the copy, with a record of the progress. The same call continues there, after it has compared the data on the target
 * with the source, and starts anew if another client wrote to the target. Any other transfer first rolls the head back.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `EXISTS`, `NOT_EMPTY`, `BUSY` while another client has the target open,
 * `QUOTA_EXCEEDED`, `NO_SPACE`, `NOT_A_COPY` when the target's from-snapshot is a copy of another snapshot,
 * `SOURCE_CHANGED` when a snapshot of the source is removed meanwhile, `VERIFICATION_FAILED`, and Ceph's errors, naming the
 * extent; the signal's reason
 */
export async function copyDiff(cluster: Cluster, options: CopyDiffOptions): Promise<CopyDiffResult> {
  const { cluster: targetCluster = cluster, image, ...point } = options.target;
  await using opened = new AsyncDisposableStack();
  const [source, target] = await allSettledOrThrow([
    openSource(cluster, options, options).then((source) => opened.use(source)),
    openTarget(targetCluster, toImageOnly(image), options.signal).then((target) => opened.use(target)),
  ]);
  return await copyPoint(source, target, { ...options, from: undefined, ...point });
}

/**
 * {@link copyDiff} with both images open. The target may be copied to again through the same handle, as long as its size
 * stays.
 *
 * @throws {CoppiceError} as `copyDiff`
 */
export async function copyPoint(
  source: Source,
  target: Target,
  options: CopyPointOptions,
): Promise<CopyDiffResult> {
  const { image, ioCtx, spec } = target;
  const { signal } = options;
  return await withCoppiceErrors(
    { object: spec, what: `${source.spec} could not be copied to ${spec}` },
    async () => {
      await holdTarget(image, spec, signal);
      const name = options.snapshot === undefined ? source.to.name : options.snapshot;
      const facts = await readTarget(image, ioCtx, signal);
      const from = findStart(spec, facts, source, options);
      const start = await startCopy({ ...target, facts, from, source, name }, options);
      using guard = new SizeGuard(target);
      try {
        const copied = await copyData(source, target, start, guard, options);
        await source.confirm(signal);
        signal?.throwIfAborted();
        let bytesVerified = 0;
        const snapshotId = await makePoint(source, target, name, start, guard, async (made) => {
          bytesVerified = await verifyCopy(source, target, made, copied, options);
          await guard.check();
        });
        const { rolledBack, resumedAt } = start;
        const { manifest, ...counts } = copied;
        const result = { size: source.size, rolledBack, resumedAt, snapshotId, bytesVerified, ...counts };
        return { ...result, manifest: options.digests === false ? { ...manifest, blocks: [] } : manifest };
      } catch (error) {
        if (guard.isChanged) await guard.repair();
        throw error;
      }
    },
  );
}

/** The target's snapshot that the copy builds on: by its record a copy of the source's from-snapshot. */
function findStart(
  spec: string,
  facts: TargetFacts,
  source: Source,
  { from: targetFrom, trustNames }: CopyPointOptions,
): KnownSnapshot | undefined {
  if (source.from === undefined) return undefined;
  const from = findSnapshot(facts.snapshots, targetFrom ?? source.from.name, spec);
  const recorded = pointIn(facts, from.id);
  if (recorded !== undefined || trustNames !== true) {
    checkPoint(`${spec}@${from.name}`, recorded, { source: source.identity, snapshot: source.from });
  }
  return from;
}

/** Two, so that the end of one part does not delay the start of the next. */
const partsAtATime = { operations: 2, bytes: Number.POSITIVE_INFINITY };
const defaultCheckpointBytes = 2 * 1024 ** 3;

/**
 * Brings the data over, part by part, two at a time, and records the progress on the target. The parts that an earlier
 * run brought over are only digested, if that was not done yet.
 *
 * @throws RbdError; the signal's reason. Nothing is in flight any more then.
 */
async function copyData(
  source: Source,
  target: Target,
  { checkpoint, resumedAt, verified, made }: CopyStart,
  guard: SizeGuard,
  options: CopyDataOptions,
): Promise<CopiedData> {
  const { image, ioCtx } = target;
  const { checkpointBytes = defaultCheckpointBytes } = options;
  const digests = options.digests !== false || options.verify === "changed";
  const { objectSize: blockSize, size, to } = source;
  // After an interrupted run the head may hold data even before the first checkpoint.
  const isFresh = source.from === undefined && verified === undefined && made === undefined;
  // Data beyond the new size does not matter: neither has to wait for the other.
  const [occupied] = await allSettledOrThrow([
    isFresh ? new OccupiedRanges([]) : readOccupied(ioCtx, image.id, options.signal),
    setSize(image, size, options.signal),
  ]);
  const signal = guard.begin(size, options.signal);
  const job = new CopyJob();
  const release = options.limits?.apply(job);
  const counts = () => {
    const { bytesRead, bytesWritten, bytesZeroed, bytesSkipped } = job.counters();
    return { bytesRead, bytesWritten, bytesSkipped: bytesZeroed + bytesSkipped };
  };
  let done = 0;
  const progress = progressOf(size, options);
  const report = (phase: "planning" | "copying" | "finishing") => progress(phase, done, counts());
  const copyPart = async (part: CopyPart): Promise<{ part: CopyPart; blocks: readonly BlockDigest[] }> => {
    const isDone = part.end <= resumedAt;
    if (isDone && (!digests || verified !== undefined)) return { part, blocks: [] };
    const into = isDone ? undefined : image;
    const onStep = options.onProgress === undefined ? {} : { onProgress: () => report("copying") };
    const from = { image: source.image, snapshotId: to.id };
    const copied = await job.copy(from, into, part.extents, { signal, digests, ...onStep }).catch((error) => {
      // An error that says that a part was copied: the checkpoint knows which.
      signal?.throwIfAborted();
      throw error;
    });
    const blocks = digests ? blockDigests(part.extents, copied.digests, blockSize) : [];
    return { part, blocks };
  };
  try {
    report("planning");
    const blocks: BlockDigest[] = digests ? [...(verified ?? [])] : [];
    let recorded = resumedAt;
    let readThen = 0;
    const parts = copyParts(source.extentsToRead(signal), blockSize, occupied);
    for await (const finished of readAhead(parts, () => 0, copyPart, partsAtATime)) {
      blocks.push(...finished.blocks);
      done = Math.min(size, finished.part.end);
      report("copying");
      const { bytesRead } = job.counters();
      if (done <= recorded || bytesRead - readThen < checkpointBytes) continue;
      await image.flush({ signal });
      await changeHeader(target, [checkpointNote.set({ ...checkpoint, done })]);
      [recorded, readThen] = [done, bytesRead];
    }
    await image.flush({ signal });
    done = size;
    report("finishing");
    const isFull = digests && source.from === undefined;
    return { ...counts(), manifest: { blockSize, size, blocks, isFull, unknown: [] } };
  } finally {
    release?.();
  }
}

/**
 * Makes the snapshot of a copy under a name of its own, records what it is a copy of, and gives it its name: a snapshot
 * that has its name is recorded, whenever this process ends. Steps that an interrupted run has done are not repeated.
 *
 * @param verify Is given the snapshot before it gets its name, or nothing for the head.
 */
async function makePoint(
  source: Source,
  target: Target,
  name: string | null,
  { checkpoint, made }: CopyStart,
  guard: SizeGuard,
  verify: (made: KnownSnapshot | undefined) => Promise<void>,
): Promise<bigint | undefined> {
  const { image, ioCtx } = target;
  await guard.check();
  if (name === null) await verify(undefined);
  if (name === null || made?.name === name) {
    await changeHeader(target, [checkpointNote.unset]);
    return made?.id;
  }
  const unnamed = checkpoint.snapshot;
  // No other client uses the target, so there is none to quiesce.
  if (made === undefined) await image.createSnapshot(unnamed, { skipQuiesce: true });
  const point =
    made ?? findSnapshot((await readTarget(image, ioCtx, undefined)).snapshots, unnamed, target.spec);
  const { id } = point;
  try {
    guard.checkSize(point.size);
    await verify(point);
  } catch (error) {
    await image.removeSnapshot(unnamed);
    throw error;
  }
  await changeHeader(target, [
    setPoint(id, { source: source.identity, snapshot: source.to }),
    { type: "rename", id, from: unnamed, to: name },
    checkpointNote.unset,
  ]);
  return id;
}
