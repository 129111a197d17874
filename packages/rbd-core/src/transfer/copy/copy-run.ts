import type { CopyJob, Image } from "rbd-native";
import { readAhead } from "../../parallel/read-ahead.ts";
import { type BlockDigest, blockDigests, type DigestManifest } from "../digests/digest-manifest.ts";
import { type CopyPart, copyParts } from "../plan/copy-parts.ts";
import type { OccupiedRanges } from "../plan/occupied-ranges.ts";
import type { Source } from "../source-image/open-source.ts";
import { progressOf, type TransferOptions } from "../transfer-progress.ts";

export interface CopyWork {
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

export interface CopyRun {
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
export async function runCopy(work: CopyWork, options: RunCopyOptions): Promise<CopyRun> {
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
