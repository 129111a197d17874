/** The parts of one block that a copy moved, and their digest. */
export interface BlockDigest {
  /** The block's offset in the image divided by the block's size. */
  readonly block: number;
  /** Runs within the block, ascending: offset, length, offset, length, … Data and zeroes alike. */
  readonly runs: readonly number[];
  /** 16 bytes: XXH3-128 of the runs' contents, see docs/formats.md. */
  readonly digest: Uint8Array;
}

/** Runs within a block, ascending: offset, length, offset, length, … */
export interface BlockRuns {
  readonly block: number;
  readonly runs: readonly number[];
}

/** The digests of what a copy moved, by block, ascending. */
export interface DigestManifest {
  /** In bytes. */
  readonly blockSize: number;
  /** The image's size at the point that the manifest describes, in bytes. */
  readonly size: number;
  readonly blocks: readonly BlockDigest[];
  /** Whether it covers everything at the point: then everything that it does not cover is a hole. */
  readonly isFull: boolean;
  /** The ranges whose digests were lost, although they may hold data; some of them may have a newer digest. Ascending. */
  readonly unknown: readonly BlockRuns[];
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

/** The digests that the copy of a plan's extents returned, block by block. */
export function blockDigests(extents: Float64Array, digests: Uint8Array, blockSize: number): BlockDigest[] {
  return [...blockRuns(extents, blockSize)].map(([block, runs], i) => ({
    block,
    runs,
    digest: digests.slice(16 * i, 16 * (i + 1)),
  }));
}

/** Whether a block's digest covers all of it, up to the image's end. */
export function isWhole(
  { block, runs }: BlockRuns,
  { blockSize, size }: Pick<DigestManifest, "blockSize" | "size">,
): boolean {
  return runs.length === 2 && runs[0] === 0 && runs[1] === Math.min(blockSize, size - block * blockSize);
}

export interface MergedManifest extends DigestManifest {
  /** Bytes of the older manifests that can no longer be verified, because a newer point changed a part of their run. */
  readonly lost: number;
}

/**
 * The manifest of a point, from the manifests of the chain that leads to it, oldest first: for each block the newest
 * digest, and an older one where no newer one touches its runs. The ranges that only a lost digest covered are `unknown`.
 *
 * @throws {RangeError} for manifests with different block sizes, or none.
 */
export function mergeManifests(manifests: readonly DigestManifest[]): MergedManifest {
  const last = manifests.at(-1);
  if (last === undefined) throw new RangeError("there is no manifest to merge");
  const { blockSize, size } = last;
  const isFull = manifests[0]?.isFull ?? false;
  const blocks = new Map<number, BlockDigest[]>();
  const unknown = new Map<number, number[][]>();
  let lost = 0;
  const lose = ({ block, runs }: BlockRuns) => {
    unknown.set(block, [...(unknown.get(block) ?? []), [...runs]]);
  };
  for (const manifest of manifests) {
    for (const changed of manifest.unknown) {
      lose(changed);
      // What changed there without a digest is not what an older digest is of.
      const kept = blocks.get(changed.block) ?? [];
      blocks.set(
        changed.block,
        kept.filter((entry) => !overlap(entry.runs, changed.runs)),
      );
      for (const entry of kept) {
        if (!overlap(entry.runs, changed.runs)) continue;
        lost += lengthOf(entry);
        lose(entry);
      }
    }
    if (manifest.blockSize !== blockSize)
      throw new RangeError("the manifests have blocks of different sizes");
    // A later point that grows the image again has other data beyond the end of this one.
    for (const [block, kept] of blocks) {
      const room = manifest.size - block * blockSize;
      blocks.set(
        block,
        kept.filter((entry) => endOf(entry) <= room),
      );
      for (const entry of kept) {
        if (endOf(entry) <= room) continue;
        lost += lengthOf(entry);
        lose(entry);
      }
    }
    for (const entry of manifest.blocks) {
      const kept: BlockDigest[] = [];
      for (const older of blocks.get(entry.block) ?? []) {
        if (!overlap(older.runs, entry.runs)) kept.push(older);
        else if (!covers(entry.runs, older.runs)) {
          lost += lengthOf(older);
          lose(older);
        }
      }
      blocks.set(entry.block, [...kept, entry]);
    }
  }
  const merged = [...blocks].sort(([a], [b]) => a - b).flatMap(([, kept]) => kept);
  return { blockSize, size, blocks: merged, isFull, unknown: joined(unknown, { blockSize, size }), lost };
}

/** The blocks of which a part may hold data and has no digest any more, ascending. */
export function unverified({ blocks, unknown, blockSize, size }: DigestManifest): number[] {
  const digested = Map.groupBy(blocks, ({ block }) => block);
  return unknown
    .filter(({ block, runs }) => {
      const all = (digested.get(block) ?? []).map((entry) => entry.runs);
      return !covers(unionOf(all, Math.min(blockSize, size - block * blockSize)), runs);
    })
    .map(({ block }) => block);
}

/** Each block's runs as one list, ascending, without what lies beyond the image's end. */
function joined(
  lists: ReadonlyMap<number, readonly (readonly number[])[]>,
  { blockSize, size }: Pick<DigestManifest, "blockSize" | "size">,
): BlockRuns[] {
  return [...lists]
    .sort(([a], [b]) => a - b)
    .map(([block, all]) => ({ block, runs: unionOf(all, Math.min(blockSize, size - block * blockSize)) }))
    .filter(({ runs }) => runs.length > 0);
}

/** The union of some lists of runs, up to `room`: ascending runs that do not touch each other. */
export function unionOf(lists: readonly (readonly number[])[], room: number): number[] {
  const pairs = lists.flatMap((runs) =>
    runs.flatMap((at, i) => (i % 2 === 0 ? [[at, at + (runs[i + 1] ?? 0)] as const] : [])),
  );
  const union: number[] = [];
  let end = -1;
  for (const [start, stop] of pairs.sort(([a], [b]) => a - b)) {
    const until = Math.min(stop, room);
    if (until <= Math.max(start, end)) continue;
    if (start > end) union.push(start, until - start);
    else union[union.length - 1] = (union.at(-1) ?? 0) + until - end;
    end = until;
  }
  return union;
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
