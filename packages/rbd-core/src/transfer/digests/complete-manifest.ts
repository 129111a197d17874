import { CopyJob } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { findSnapshot } from "../source.ts";
import type { TransferLimits } from "../transfer-options.ts";
import {
  type BlockDigest,
  blockDigests,
  type DigestManifest,
  mergeManifests,
  unverified,
} from "./digest-manifest.ts";

export interface CompleteManifestOptions {
  readonly image: ImageSpecLike;
  /** The snapshot that `changed` leads to. */
  readonly snapshot: string;
  /** The digests of everything at the point before. */
  readonly previous: DigestManifest;
  /** The digests of what changed since. */
  readonly changed: DigestManifest;
  readonly limits?: TransferLimits | undefined;
  readonly signal?: AbortSignal | undefined;
}

const blocksAtATime = 256;

/**
 * The digests of what changed, such that together with those of the point before they cover everything at this one: a block
 * of which only a part changed, so that its older digest is of no use any more, is read from the snapshot and digested as
 * a whole.
 *
 * @throws {CoppiceError} `NOT_FOUND`; the signal's reason
 */
export async function completeManifest(
  cluster: Cluster,
  options: CompleteManifestOptions,
): Promise<DigestManifest> {
  const { previous, changed, limits, signal } = options;
  const lost = unverified(mergeManifests([previous, changed]));
  if (lost.length === 0) return changed;
  const place = { ...toImageOnly(options.image), snapshot: options.snapshot };
  const spec = showImageSpec(place);
  await using image = await openImage(cluster, place);
  return await withCoppiceErrors({ object: spec, what: `${spec} could not be digested` }, async () => {
    const { id: snapshotId } = findSnapshot(await image.listSnapshots({ signal }), options.snapshot, spec);
    const { blockSize, size } = changed;
    const job = new CopyJob();
    const release = limits?.apply(job);
    const whole: BlockDigest[] = [];
    try {
      for (let at = 0; at < lost.length; at += blocksAtATime) {
        const some = lost.slice(at, at + blocksAtATime);
        // Marked as data, so that all of it is read.
        const extents = Float64Array.from(
          some.flatMap((block) => [block * blockSize, Math.min(blockSize, size - block * blockSize), 1, 0]),
        );
        const { digests } = await job.copy({ image, snapshotId, blockSize }, undefined, extents, { signal });
        whole.push(...blockDigests(extents, digests, blockSize));
      }
    } finally {
      release?.();
    }
    const replaced = new Set(lost);
    const blocks = [...changed.blocks.filter(({ block }) => !replaced.has(block)), ...whole];
    return { ...changed, blocks: blocks.sort((a, b) => a.block - b.block) };
  });
}
