import { CopyJob } from "rbd-native";
import { withCoppiceErrors } from "../../errors/to-coppice-error.ts";
import { allSettledOrThrow } from "../../parallel/together.ts";
import { OccupiedRanges } from "../plan/occupied-ranges.ts";
import { findSnapshot, type KnownSnapshot } from "../source-image/find-snapshot.ts";
import type { Source } from "../source-image/open-source.ts";
import { changeHeader } from "../target-image/change-header.ts";
import { holdTarget } from "../target-image/hold-target.ts";
import type { Target } from "../target-image/open-target.ts";
import { checkPoint, notePoint, pointIn } from "../target-image/point-record.ts";
import { readOccupied } from "../target-image/read-occupied.ts";
import { readTarget, type TargetFacts } from "../target-image/target-facts.ts";
import { setSize } from "../target-image/target-head.ts";
import type { TransferLimits } from "../transfer-limits.ts";
import { noteCheckpoint, removeCheckpoint } from "./copy-checkpoint.ts";
import { type CopyRun, type RunCopyOptions, runCopy } from "./copy-run.ts";
import { type CopyStart, startCopy } from "./copy-start.ts";

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
