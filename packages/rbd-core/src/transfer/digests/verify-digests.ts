import { CopyJob, type CopySource } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { type Extent, planDiff } from "../../diff/index.ts";
import { withCoppiceErrors } from "../../errors/index.ts";
import { openImage } from "../../image/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { copyParts, OccupiedRanges, outside } from "../plan.ts";
import { findSnapshot } from "../source.ts";
import { headId } from "../target/head.ts";
import type { TransferLimits } from "../transfer-options.ts";
import { type BlockDigest, blockDigests, type DigestManifest, unionOf } from "./digest-manifest.ts";

export interface VerifyDigestsOptions {
  readonly image: ImageSpecLike;
  /** Null for the head, which must not change meanwhile. */
  readonly snapshot: string | null;
  readonly manifest: DigestManifest;
  readonly limits?: TransferLimits | undefined;
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ((progress: { readonly done: number; readonly total: number }) => void) | undefined;
}

export interface VerifyDigestsResult {
  /** Bytes that were read and compared, holes included. */
  readonly verified: number;
  /** The digests that differ, ascending. Empty when everything is as it was copied. */
  readonly wrong: readonly BlockDigest[];
}

const blocksAtATime = 512;

/** XXH3-128 of nothing. */
const hole = Buffer.from("99aa06d3014798d86001c324468d497f", "hex");

/**
 * Reads the ranges that a manifest covers from a snapshot, or from the head, and compares their digests. For a full manifest, also reads what
 * it does not cover, which must be zero. The objects of the snapshot's image may have another size than the manifest's
 * blocks.
 *
 * @throws {CoppiceError} `NOT_FOUND`, `INVALID_ARGUMENT` when the snapshot has another size; the signal's reason
 */
export async function verifyDigests(
  cluster: Cluster,
  options: VerifyDigestsOptions,
): Promise<VerifyDigestsResult> {
  const { manifest, signal, limits, onProgress } = options;
  const { snapshot } = options;
  const head = toImageOnly(options.image);
  const place = snapshot === null ? head : { ...head, snapshot };
  const spec = showImageSpec(place);
  await using image = await openImage(cluster, place, { readOnly: true });
  return await withCoppiceErrors({ object: spec, what: `${spec} could not be verified` }, async () => {
    const snapshots = snapshot === null ? [] : await image.listSnapshots({ signal });
    const snapshotId = snapshot === null ? headId : findSnapshot(snapshots, snapshot, spec).id;
    const job = new CopyJob();
    const release = limits?.apply(job);
    const wrong: BlockDigest[] = [];
    let verified = 0;
    try {
      const { blockSize, blocks } = manifest;
      const report = (done: number) => onProgress?.({ done, total: blocks.length });
      const compared = await compareDigests(job, { image, snapshotId, blockSize }, blocks, signal, report);
      wrong.push(...compared.wrong);
      verified += compared.verified;
      if (manifest.isFull) {
        const { size, objectSize } = await image.stat({ signal });
        const { count: stripeCount } = await image.stripe({ signal });
        const data = { size, objectSize, stripeCount, fastDiff: false, includeParent: true, signal };
        const uncovered = outside(planDiff(image, data), coveredBy(manifest));
        for await (const part of copyParts(uncovered, blockSize, new OccupiedRanges([]))) {
          const { digests } = await job.copy({ image, snapshotId, blockSize }, undefined, part.extents, {
            signal,
          });
          for (const entry of blockDigests(part.extents, digests, blockSize)) {
            if (Buffer.compare(entry.digest, hole) !== 0) wrong.push({ ...entry, digest: hole });
          }
          for (let i = 1; i < part.extents.length; i += 4) verified += part.extents[i] ?? 0;
        }
      }
    } finally {
      release?.();
    }
    return { verified, wrong: wrong.toSorted((a, b) => a.block - b.block) };
  });
}

/**
 * Reads what some digests cover and compares.
 *
 * @param at The image, and the size of the blocks that the digests are of.
 * @param report Is told how many of the digests were compared.
 * @throws RbdError, the signal's reason
 */
export async function compareDigests(
  job: CopyJob,
  at: CopySource & { readonly blockSize: number },
  blocks: readonly BlockDigest[],
  signal: AbortSignal | undefined,
  report: (done: number) => void,
): Promise<{ readonly verified: number; readonly wrong: readonly BlockDigest[] }> {
  const wrong: BlockDigest[] = [];
  let [verified, done] = [0, 0];
  for (const entries of layers(blocks)) {
    const extents = Float64Array.from(entries.flatMap((entry) => extentsOf(entry, at.blockSize)));
    const { digests } = await job.copy(at, undefined, extents, { signal });
    for (const [i, entry] of entries.entries()) {
      const found = digests.subarray(16 * i, 16 * (i + 1));
      if (Buffer.compare(found, entry.digest) !== 0) wrong.push(entry);
    }
    for (let i = 1; i < extents.length; i += 4) verified += extents[i] ?? 0;
    done += entries.length;
    report(done);
  }
  return { verified, wrong };
}

/** The ranges for which the manifest has a digest, or lost it. Ascending. */
async function* coveredBy({ blocks, unknown, blockSize }: DigestManifest): AsyncGenerator<readonly Extent[]> {
  const lists = new Map<number, (readonly number[])[]>();
  for (const { block, runs } of [...blocks, ...unknown])
    lists.set(block, [...(lists.get(block) ?? []), runs]);
  for (const [block, all] of [...lists].sort(([a], [b]) => a - b)) {
    const runs = unionOf(all, blockSize);
    yield runs.flatMap((at, i) =>
      i % 2 === 0 ? [{ offset: block * blockSize + at, length: runs[i + 1] ?? 0, exists: true }] : [],
    );
  }
}

/** Groups of entries, each with a block at most once, ascending, because two digests of one block are taken separately. */
function* layers(blocks: readonly BlockDigest[]): Generator<BlockDigest[]> {
  let rest = blocks;
  while (rest.length > 0) {
    const [layer, later]: [BlockDigest[], BlockDigest[]] = [[], []];
    for (const entry of rest) (entry.block === layer.at(-1)?.block ? later : layer).push(entry);
    for (let at = 0; at < layer.length; at += blocksAtATime) yield layer.slice(at, at + blocksAtATime);
    rest = later;
  }
}

/** All runs marked as data, so that they are read: only that tells whether they are zero. */
function extentsOf({ block, runs }: BlockDigest, blockSize: number): number[] {
  const extents: number[] = [];
  for (let i = 0; i < runs.length; i += 2)
    extents.push(block * blockSize + (runs[i] ?? 0), runs[i + 1] ?? 0, 1, 0);
  return extents;
}
