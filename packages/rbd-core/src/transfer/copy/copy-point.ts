import { CopyJob, type Image } from "rbd-native";
import { allSettledOrThrow, readAhead } from "../../concurrency/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { type BlockDigest, blockDigests, type DigestManifest } from "../digests/digest-manifest.ts";
import { type CopyPart, copyParts, OccupiedRanges } from "../plan.ts";
import { findSnapshot, type KnownSnapshot, type Source } from "../source.ts";
import { changeHeader } from "../target/change-header.ts";
import { readOccupied, setSize } from "../target/head.ts";
import { holdTarget, readTarget, type Target, type TargetFacts } from "../target/open-target.ts";
import { checkPoint, notePoint, pointIn } from "../target/point-record.ts";
import { progressOf, type TransferLimits, type TransferOptions } from "../transfer-options.ts";
import { type CopyStart, startCopy } from "./copy-start.ts";
import { noteCheckpoint, removeCheckpoint } from "./take-over-copy.ts";

export interface CopyPointOptions extends RunCopyOptions {
  /** The name of the snapshot that is made of the copy: the source's without it, null for none. */
  readonly snapshot?: string | null | undefined;
  /** The name of the snapshot that the copy builds on, where it is not the source's. */
  readonly from?: string | undefined;
  /** Take the target's from-snapshot by its name, where nothing is recorded of whose copy it is. */
  readonly trustNames?: boolean | undefined;
  readonly limits?: TransferLimits | undefined;
}

export interface CopyPointResult extends CopyRun {
  /** The source's size at `to`, and now the target's, in bytes. */
  readonly size: number;
  /** Whether the target's head did not hold what its from-snapshot holds, and was rolled back to it first. */
  readonly rolledBack: boolean;
  /** How far an interrupted copy of the same had come that was gone on with, in bytes; 0 for a fresh start. */
  readonly resumedAt: number;
  /** The id of the snapshot that was made of it. */
  readonly snapshotId: bigint | undefined;
}

/**
 * Brings one point of a source to a target: `copyDiff`, with both images open. The target may be copied to again
 * through the same handle, as long as its size stays.
 *
 * @throws {CoppiceError} as `copyDiff`
 */
export async function copyPoint(
  source: Source,
  target: Target,
  options: CopyPointOptions,
): Promise<CopyPointResult> {
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
      const done = await copyData(source, target, start, options);
      await source.confirm(signal);
      signal?.throwIfAborted();
      const snapshotId = await end(source, target, name, start);
      const { rolledBack, resumedAt } = start;
      return { size: source.size, rolledBack, resumedAt, snapshotId, ...done };
    },
  );
}

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

async function copyData(
  source: Source,
  target: Target,
  start: CopyStart,
  options: CopyPointOptions,
): Promise<CopyRun> {
  const { image, ioCtx } = target;
  const { signal } = options;
  // Where a run was interrupted, the head may hold something even before its first note.
  const isFresh = source.from === undefined && start.verified === undefined && start.made === undefined;
  // What is cut off by the new size is of no interest: the one need not wait for the other.
  const [occupied] = await allSettledOrThrow([
    isFresh ? new OccupiedRanges([]) : readOccupied(ioCtx, image.id, signal),
    setSize(image, source.size, signal),
  ]);
  const job = new CopyJob();
  const release = options.limits?.apply(job);
  try {
    return await runCopy(
      {
        job,
        source,
        target: image,
        occupied,
        resumeAt: start.resumedAt,
        verified: start.verified,
        checkpoint: (done) => changeHeader(target, [noteCheckpoint({ ...start.checkpoint, done })]),
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
async function end(
  source: Source,
  target: Target,
  name: string | null,
  { checkpoint, made }: CopyStart,
): Promise<bigint | undefined> {
  const { image, ioCtx } = target;
  if (name === null || made?.name === name) {
    await changeHeader(target, [removeCheckpoint]);
    return made?.id;
  }
  const unnamed = checkpoint.snapshot;
  // Nobody else uses the target: there is nobody to come to rest.
  if (made === undefined) await image.createSnapshot(unnamed, { skipQuiesce: true });
  const { id } =
    made ?? findSnapshot((await readTarget(image, ioCtx, undefined)).snapshots, unnamed, target.spec);
  await changeHeader(target, [
    notePoint(id, { source: source.identity, snapshot: source.to }),
    { type: "rename", id, from: unnamed, to: name },
    removeCheckpoint,
  ]);
  return id;
}

interface CopyWork {
  readonly job: CopyJob;
  readonly source: Source;
  /** Open for writing. */
  readonly target: Image;
  /** Where the target's head may hold something. */
  readonly occupied: OccupiedRanges;
  /** What comes before is on the target already. */
  readonly resumeAt: number;
  /** Digests of what comes before, where they are known. */
  readonly verified: readonly BlockDigest[] | undefined;
  /** Notes that everything before `done` is on the target, and flushed. */
  readonly checkpoint: (done: number) => Promise<void>;
}

interface CopyRun {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly bytesSkipped: number;
  readonly manifest: DigestManifest;
}

export interface RunCopyOptions extends TransferOptions {
  /** Whether to return digests of what was moved. True without it. */
  readonly digests?: boolean | undefined;
  /** After how much data it is noted how far the copy is, in bytes. 2 GiB without it: a note costs a flush. */
  readonly checkpointBytes?: number | undefined;
}

/** So that the end of one part does not keep the next from beginning. */
const partsAtATime = { operations: 2, bytes: Number.POSITIVE_INFINITY };
const betweenCheckpoints = 2 * 1024 ** 3;

/**
 * Carries a copy out, part by part, two at a time. What an earlier run brought over is only digested, if that was not
 * done yet.
 *
 * @throws RbdError, the signal's reason. Nothing is in flight then.
 */
async function runCopy(work: CopyWork, options: RunCopyOptions): Promise<CopyRun> {
  const { job, source, target, occupied, resumeAt, verified } = work;
  const { signal, digests = true, checkpointBytes = betweenCheckpoints } = options;
  const { objectSize: blockSize, size, to } = source;
  const counts = () => {
    const { bytesRead, bytesWritten, bytesZeroed, bytesSkipped } = job.counters();
    return { bytesRead, bytesWritten, bytesSkipped: bytesZeroed + bytesSkipped };
  };
  let done = 0;
  const progress = progressOf(size, options);
  const report = (phase: "planning" | "copying" | "finishing") => progress(phase, done, counts());
  report("planning");
  const copy = async (part: CopyPart): Promise<{ part: CopyPart; blocks: readonly BlockDigest[] }> => {
    const isDone = part.end <= resumeAt;
    if (isDone && (!digests || verified !== undefined)) return { part, blocks: [] };
    const into = isDone ? undefined : target;
    const onStep = options.onProgress === undefined ? {} : { onProgress: () => report("copying") };
    const from = { image: source.image, snapshotId: to.id };
    const copied = await job.copy(from, into, part.extents, { signal, digests, ...onStep });
    const blocks = digests ? blockDigests(part.extents, copied.digests, blockSize) : [];
    return { part, blocks };
  };
  const isFull = digests && source.from === undefined;
  const blocks: BlockDigest[] = digests ? [...(verified ?? [])] : [];
  let noted = resumeAt;
  let moved = 0;
  const parts = copyParts(source.extentsToRead(signal), blockSize, occupied);
  for await (const finished of readAhead(parts, () => 0, copy, partsAtATime)) {
    blocks.push(...finished.blocks);
    done = Math.min(size, finished.part.end);
    report("copying");
    const { bytesRead } = job.counters();
    if (done <= noted || bytesRead - moved < checkpointBytes) continue;
    await target.flush({ signal });
    await work.checkpoint(done);
    [noted, moved] = [done, bytesRead];
  }
  await target.flush({ signal });
  done = size;
  report("finishing");
  return { ...counts(), manifest: { blockSize, size, blocks, isFull, unknown: [] } };
}
