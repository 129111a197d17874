import { CopyJob, type Image } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { openImage } from "../../image/open-image.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { allSettledOrThrow } from "../../parallel/together.ts";
import { type BlockDigest, blockDigests } from "../digests/digest-manifest.ts";
import { copyParts } from "../plan/copy-parts.ts";
import { OccupiedRanges } from "../plan/occupied-ranges.ts";
import { outside } from "../plan/outside.ts";
import type { KnownSnapshot } from "../source-image/find-snapshot.ts";
import type { Source } from "../source-image/open-source.ts";
import { headDiff } from "../target-image/head-diff.ts";
import type { TransferLimits } from "../transfer-limits.ts";
import { progressOf, type TransferOptions } from "../transfer-progress.ts";

export interface InterruptedCopy {
  readonly cluster: Cluster;
  readonly place: ImageSpec;
  /** What the copy builds on. */
  readonly from: KnownSnapshot | undefined;
  readonly source: Source;
  /** Everything that the copy changes before this offset is said to be on the target. */
  readonly done: number;
}

/** To RADOS, an image's head. */
const headId = 2n ** 64n - 2n;

/**
 * Reads what an interrupted copy left on its target's head, and compares it with the source: what the copy brought
 * over, and what anything else changed where the copy does not write any more. What the copy will write again may
 * hold anything.
 *
 * @returns The digests of what was brought over; undefined when somebody wrote to the target since.
 * @throws RbdError, the signal's reason
 */
export async function verifyInterrupted(
  { cluster, place, from, source, done }: InterruptedCopy,
  options: TransferOptions & { readonly limits?: TransferLimits | undefined } = {},
): Promise<readonly BlockDigest[] | undefined> {
  const { signal, limits } = options;
  const { objectSize: blockSize, size } = source;
  await using opened = new AsyncDisposableStack();
  const [head, before] = await allSettledOrThrow([
    openImage(cluster, place, { readOnly: true }).then((image) => opened.use(image)),
    from && openImage(cluster, { ...place, snapshot: from.name }).then((image) => opened.use(image)),
  ]);
  if ((await head.size({ signal })) !== size) return undefined;
  const job = new CopyJob();
  const release = limits?.apply(job);
  const report = progressOf(size, options);
  const read = async (image: Image, snapshotId: bigint, extents: Float64Array) =>
    (await job.copy({ image, snapshotId, blockSize }, undefined, extents, { signal })).digests;
  /** The digests when both sides are equal. */
  const compare = async (plan: Float64Array): Promise<Uint8Array | undefined> => {
    const extents = asData(plan);
    const both = [read(source.image, source.to.id, extents), read(head, headId, extents)] as const;
    const [wanted, found] = await allSettledOrThrow(both);
    return Buffer.compare(wanted, found) === 0 ? wanted : undefined;
  };
  const nothingKnown = new OccupiedRanges([]);
  try {
    const blocks: BlockDigest[] = [];
    for await (const part of copyParts(source.extentsToRead(signal), blockSize, nothingKnown)) {
      if (part.end > done) break;
      const digests = await compare(part.extents);
      if (digests === undefined) return undefined;
      blocks.push(...blockDigests(part.extents, digests, blockSize));
      report("verifying", part.end, { ...job.counters(), bytesWritten: 0, bytesSkipped: 0 });
    }
    const changed = await headDiff(head, before && from && { image: before, snapshot: from }, signal);
    const strange = outside(changed, source.extentsToRead(signal));
    for await (const part of copyParts(strange, blockSize, nothingKnown)) {
      if ((await compare(part.extents)) === undefined) return undefined;
    }
    return blocks;
  } finally {
    release?.();
  }
}

/** Whether something is zero is for the reading to find out. */
function asData(extents: Float64Array): Float64Array {
  return extents.map((value, i) => (i % 4 === 2 ? 1 : i % 4 === 3 ? 0 : value));
}
