import { CopyJob } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { copyParts, OccupiedRanges } from "../plan.ts";
import { type OpenSourceOptions, openSource, type SourceRange } from "../source.ts";
import { progressOf, type TransferLimits, type TransferOptions } from "../transfer-options.ts";
import { type BlockDigest, blockDigests, type DigestManifest } from "./digest-manifest.ts";

export interface DigestDiffOptions extends SourceRange, OpenSourceOptions, TransferOptions {
  /** In bytes. The image's object size without it. */
  readonly blockSize?: number | undefined;
  readonly limits?: TransferLimits | undefined;
}

/**
 * Reads what changed between two snapshots of an image, or everything at one snapshot, and returns its digests: those that
 * {@link copyDiff} would return if it copied it.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `SOURCE_CHANGED` when a snapshot is removed meanwhile; the signal's reason
 */
export async function digestDiff(cluster: Cluster, options: DigestDiffOptions): Promise<DigestManifest> {
  const { signal, limits } = options;
  await using source = await openSource(cluster, options, options);
  const { size, spec, to } = source;
  const blockSize = options.blockSize ?? source.objectSize;
  return await withCoppiceErrors({ object: spec, what: `${spec} could not be read` }, async () => {
    const job = new CopyJob();
    const release = limits?.apply(job);
    const progress = progressOf(size, options);
    const report = (phase: "planning" | "copying" | "finishing", done: number) => {
      const { bytesRead, bytesZeroed, bytesSkipped } = job.counters();
      progress(phase, done, { bytesRead, bytesWritten: 0, bytesSkipped: bytesZeroed + bytesSkipped });
    };
    try {
      report("planning", 0);
      const blocks: BlockDigest[] = [];
      const from = { image: source.image, snapshotId: to.id, blockSize };
      for await (const part of copyParts(source.extentsToRead(signal), blockSize, new OccupiedRanges([]))) {
        const { digests } = await job.copy(from, undefined, part.extents, { signal });
        blocks.push(...blockDigests(part.extents, digests, blockSize));
        report("copying", Math.min(size, part.end));
      }
      await source.confirm(signal);
      report("finishing", size);
      return { blockSize, size, blocks, isFull: source.from === undefined, unknown: [] };
    } finally {
      release?.();
    }
  });
}
