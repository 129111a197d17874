import { randomUUID } from "node:crypto";
import { CopyJob, type Image, type SnapshotEntry } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { openImage } from "../../image/index.ts";
import type { ImageSpec } from "../../names/index.ts";
import { type BlockDigest, blockDigests } from "../digests/digest-manifest.ts";
import { snapshotsBefore } from "../head-snapshot.ts";
import { removeNewImage } from "../new-image.ts";
import { copyParts, OccupiedRanges, outside } from "../plan.ts";
import type { ImageIdentity, KnownSnapshot, Source } from "../source.ts";
import type { HeaderChange } from "../target/change-header.ts";
import { headDiff } from "../target/head.ts";
import type { TargetFacts } from "../target/open-target.ts";
import { isPointOf, parseNote, readPoint } from "../target/point-record.ts";
import { progressOf, type TransferLimits, type TransferOptions } from "../transfer-options.ts";
import { type IsBare, type MarkedImage, takeOver } from "./copy-mark.ts";

export interface CopyOfImage {
  readonly cluster: Cluster;
  readonly source: ImageSpec;
  /** The source, open for writing: its head is read from a snapshot. */
  readonly original: Image;
  readonly identity: ImageIdentity;
  readonly targetCluster: Cluster;
  readonly place: ImageSpec;
  readonly isBare: IsBare;
}

interface TakenOver extends MarkedImage {
  /** Names of the snapshots that are on the target already; of all, when the mark says that it is whole. */
  readonly snapshots: ReadonlySet<string>;
}

/**
 * Finds what an interrupted copy of the same image left. Where the source does not have any more what it was made of,
 * it is removed: the new image, and the snapshot of the source's head.
 *
 * @returns Undefined when the target is to be made anew.
 * @throws {CoppiceError} `EXISTS`, `BUSY`; RbdError
 */
export async function takeOverCopy(work: CopyOfImage, signal?: AbortSignal): Promise<TakenOver | undefined> {
  const { original, identity, targetCluster, place, isBare } = work;
  const found = await takeOver(targetCluster, place, identity, isBare, signal);
  if (found === undefined) return undefined;
  try {
    if (found.isBare) return { ...found, snapshots: new Set() };
    const { head } = found.mark;
    const hasHead = await original.snapshotExists(head);
    const there = hasHead ? await snapshotsBefore(original, head) : [];
    if (found.mark.isWhole) {
      if (hasHead) await original.removeSnapshot(head);
      return { ...found, snapshots: await namesOf(targetCluster, place) };
    }
    const snapshots = await copiedOf(work, there);
    if (hasHead && snapshots !== undefined) return { ...found, snapshots };
    await removeNewImage(targetCluster, place);
    if (hasHead) await original.removeSnapshot(head);
    await found[Symbol.asyncDispose]();
    return undefined;
  } catch (error) {
    await found[Symbol.asyncDispose]();
    throw error;
  }
}

async function namesOf(cluster: Cluster, place: ImageSpec): Promise<ReadonlySet<string>> {
  await using image = await openImage(cluster, place, { readOnly: true });
  return new Set((await image.listSnapshots()).map(({ name }) => name));
}

/** The target's snapshots, if they are the first ones of the source's, by ids. */
async function copiedOf(
  { targetCluster, place, identity }: CopyOfImage,
  snapshots: readonly SnapshotEntry[],
): Promise<ReadonlySet<string> | undefined> {
  await using image = await openImage(targetCluster, place, { readOnly: true });
  const copied = (await image.listSnapshots())
    .filter(({ name }) => !isUnnamed(name))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const [i, { id, name }] of copied.entries()) {
    const snapshot = snapshots[i];
    if (snapshot?.name !== name) return undefined;
    if (!isPointOf(await readPoint(image, id), { source: identity, snapshot })) return undefined;
  }
  return new Set(copied.map(({ name }) => name));
}

interface InterruptedCopy {
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

const id = z.string().regex(/^\d{1,20}$/);
const schema = z.strictObject({
  version: z.literal(1),
  fsid: z.string(),
  poolId: z.number(),
  imageId: z.string(),
  from: id.nullable(),
  to: id,
  /** The snapshot of the target that its head held when the copy began. */
  targetFrom: id.nullable(),
  /** The name under which the target's snapshot is made, before it is recorded and gets its own: nobody else's. */
  snapshot: z.string().min(1),
  /** Everything before this offset is on the target, and flushed. */
  done: z.int().min(0),
});

/**
 * How far a copy is. Kept as metadata of the target: it lives and dies with the data it speaks of.
 */
export type CopyCheckpoint = z.infer<typeof schema>;

const key = "coppice.copy";
const unnamed = "coppice-copy-";

export function newUnnamed(): string {
  return `${unnamed}${randomUUID()}`;
}

/** Whether a snapshot was made of a copy and has not got its own name yet. */
function isUnnamed(snapshot: string): boolean {
  return snapshot.startsWith(unnamed);
}

/** What stands in a target's metadata. */
export function checkpointIn({ metadata }: TargetFacts): CopyCheckpoint | undefined {
  return parseNote(metadata(key), schema);
}

export function noteCheckpoint(checkpoint: CopyCheckpoint): HeaderChange {
  return { type: "set", key, value: JSON.stringify(checkpoint) };
}

export const removeCheckpoint: HeaderChange = { type: "remove", key };

/** Whether two checkpoints are of the same copy, however far each is. */
export function isSameCopy(a: CopyCheckpoint, b: CopyCheckpoint): boolean {
  const { done: _, snapshot: __, ...x } = a;
  const { done: ___, snapshot: ____, ...y } = b;
  return Object.entries(x).every(([field, value]) => value === y[field as keyof typeof y]);
}
