/** What a copy moved of one block, and the digest of it. */
export interface BlockDigest {
  /** The block's offset in the image divided by the block's size. */
  readonly block: number;
  /** Runs within the block, ascending: offset, length, offset, length, … Data and zeroes alike. */
  readonly runs: readonly number[];
  /** 16 bytes: XXH3-128 of the runs' contents, see docs/formats.md. */
  readonly digest: Uint8Array;
}

/** Digests of what was moved, by block. Ascending. */
export interface DigestManifest {
  /** In bytes. */
  readonly blockSize: number;
  /** The image's size at the point that the manifest is of, in bytes. */
  readonly size: number;
  readonly blocks: readonly BlockDigest[];
}

/** The runs of each block that a plan's extents touch. Runs that touch are joined. */
export function blockRuns(extents: Float64Array, blockSize: number): Map<number, number[]> {
  const blocks = new Map<number, number[]>();
  for (let i = 0; i < extents.length; i += 4) {
    const [start = 0, length = 0] = extents.subarray(i, i + 2);
    for (let at = start; at < start + length; ) {
      const block = Math.floor(at / blockSize);
      const stop = Math.min(start + length, (block + 1) * blockSize);
      const runs = blocks.get(block) ?? [];
      blocks.set(block, runs);
      const within = at - block * blockSize;
      const last = runs.length - 1;
      if (last > 0 && (runs[last - 1] ?? 0) + (runs[last] ?? 0) === within)
        runs[last] = (runs[last] ?? 0) + stop - at;
      else runs.push(within, stop - at);
      at = stop;
    }
  }
  return blocks;
}

/** What a copy of a plan's extents returned, block by block. */
export function blockDigests(extents: Float64Array, digests: Uint8Array, blockSize: number): BlockDigest[] {
  return [...blockRuns(extents, blockSize)].map(([block, runs], i) => ({
    block,
    runs,
    digest: digests.slice(16 * i, 16 * (i + 1)),
  }));
}

/** Whether a block's digest is of all of it, up to the image's end. */
export function isWhole(
  { block, runs }: BlockDigest,
  { blockSize, size }: Pick<DigestManifest, "blockSize" | "size">,
): boolean {
  return runs.length === 2 && runs[0] === 0 && runs[1] === Math.min(blockSize, size - block * blockSize);
}

export interface MergedManifest extends DigestManifest {
  /** Bytes of the older manifests that can no longer be verified, because a newer point changed a part of their run. */
  readonly lost: number;
}

/**
 * What is known of a point from the manifests of the chain that leads to it, oldest first: of each block the newest
 * digest, and an older one where no newer one touches its runs.
 *
 * @throws {RangeError} for manifests with different block sizes, or none.
 */
export function mergeManifests(manifests: readonly DigestManifest[]): MergedManifest {
  const last = manifests.at(-1);
  if (last === undefined) throw new RangeError("there is no manifest to merge");
  const { blockSize, size } = last;
  const blocks = new Map<number, BlockDigest[]>();
  let lost = 0;
  for (const manifest of manifests) {
    if (manifest.blockSize !== blockSize)
      throw new RangeError("the manifests have blocks of different sizes");
    // What a point cut off is not what a later one brings back there.
    for (const [block, kept] of blocks) {
      const room = manifest.size - block * blockSize;
      const within = kept.filter((entry) => endOf(entry) <= room);
      lost += kept
        .filter((entry) => !within.includes(entry))
        .reduce((sum, entry) => sum + lengthOf(entry), 0);
      blocks.set(block, within);
    }
    for (const entry of manifest.blocks) {
      const kept: BlockDigest[] = [];
      for (const older of blocks.get(entry.block) ?? []) {
        if (!overlap(older.runs, entry.runs)) kept.push(older);
        else if (!covers(entry.runs, older.runs)) lost += lengthOf(older);
      }
      blocks.set(entry.block, [...kept, entry]);
    }
  }
  const merged = [...blocks].sort(([a], [b]) => a - b).flatMap(([, kept]) => kept);
  return { blockSize, size, blocks: merged, lost };
}

const endOf = ({ runs }: BlockDigest) => (runs.at(-2) ?? 0) + (runs.at(-1) ?? 0);

function lengthOf({ runs }: BlockDigest): number {
  let sum = 0;
  for (let i = 1; i < runs.length; i += 2) sum += runs[i] ?? 0;
  return sum;
}

function overlap(a: readonly number[], b: readonly number[]): boolean {
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    const [aStart = 0, aLength = 0, bStart = 0, bLength = 0] = [a[i], a[i + 1], b[j], b[j + 1]];
    if (aStart < bStart + bLength && bStart < aStart + aLength) return true;
    if (aStart < bStart) i += 2;
    else j += 2;
  }
  return false;
}

/** Whether every byte of `inner` is in `outer`. */
function covers(outer: readonly number[], inner: readonly number[]): boolean {
  for (let i = 0; i < inner.length; i += 2) {
    const [start = 0, length = 0] = [inner[i], inner[i + 1]];
    const isInside = outer.some(
      (at, j) => j % 2 === 0 && at <= start && start + length <= at + (outer[j + 1] ?? 0),
    );
    if (!isInside) return false;
  }
  return true;
}
