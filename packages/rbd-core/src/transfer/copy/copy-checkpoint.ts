import { randomUUID } from "node:crypto";
import { CopyJob, type Image } from "rbd-native";
import { z } from "zod";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { CoppiceError, hasCode } from "../../errors/index.ts";
import { objectMapObject } from "../../headers/index.ts";
import { imageFeatures, openImage } from "../../image/index.ts";
import { showImageSpec } from "../../names/index.ts";
import { changeHeader, defineNote } from "../../notes/index.ts";
import { type BlockDigest, blockDigests } from "../digests/digest-manifest.ts";
import { copyParts, OccupiedRanges, outside } from "../plan.ts";
import { isSameImage, type KnownSnapshot, type Source } from "../source.ts";
import {
  headDiff,
  headId,
  prepareHead,
  refuseOtherData,
  repairAfterRollback,
  rollbackNote,
  undoHead,
} from "../target/head.ts";
import type { Target, TargetFacts } from "../target/open-target.ts";
import { isPointOf, pointIn } from "../target/point-record.ts";
import { progressOf, type TransferLimits, type TransferOptions } from "../transfer-options.ts";

const id = z.string().regex(/^\d{1,20}$/);
const schema = z.strictObject({
  version: z.literal(2),
  /** The id of the target. A clone or a copy of the target inherits its metadata, but not what this says. */
  target: z.string(),
  fsid: z.string(),
  poolId: z.number(),
  imageId: z.string(),
  from: id.nullable(),
  to: id,
  /** The snapshot of the target that its head held when the copy began. */
  targetFrom: id.nullable(),
  /** The name under which the target's snapshot is made, before it is recorded and renamed. No other copy uses it. */
  snapshot: z.string().min(1),
  /** Everything before this offset is on the target, and flushed. */
  done: z.int().min(0),
});

/** Which copy is under way and how far it is. Kept in the target's metadata, so it lives and dies with the data. */
type CopyCheckpoint = z.infer<typeof schema>;

export const checkpointNote = defineNote({
  key: "coppice.copy-checkpoint",
  schema,
  what: "the checkpoint of a copy",
  ifUnreadable: "ignore",
});

const unnamedPrefix = "coppice-copy-";

/** Whether a copy made that snapshot and has not renamed it yet. */
export function isUnnamedCopy(snapshot: string): boolean {
  return snapshot.startsWith(unnamedPrefix);
}

interface CopyTarget extends Omit<Target, keyof AsyncDisposable> {
  readonly facts: TargetFacts;
  /** The target's snapshot that the copy builds on. */
  readonly from: KnownSnapshot | undefined;
  readonly source: Source;
  /** The name of the snapshot to make; null for none. */
  readonly name: string | null;
}

/** Where a copy starts. */
export interface CopyStart {
  readonly checkpoint: CopyCheckpoint;
  readonly resumedAt: number;
  /** Digests of what comes before, when the head that an interrupted run left was just compared with the source. */
  readonly verified: readonly BlockDigest[] | undefined;
  readonly rolledBack: boolean;
  /** The snapshot that an interrupted run of the same copy made, after everything was written. */
  readonly made: KnownSnapshot | undefined;
}

/**
 * Makes a target's head ready for a copy. It continues where the same copy was interrupted, if no other client has
 * written to the target since; otherwise the head is made to hold what the from-snapshot holds, or nothing. The
 * checkpoint is written before the first byte.
 *
 * @throws {CoppiceError} `EXISTS` when there is another snapshot of that name, `NOT_EMPTY`
 */
export async function startCopy(
  target: CopyTarget,
  options: TransferOptions & { readonly limits?: TransferLimits | undefined },
): Promise<CopyStart> {
  const { cluster, place, image, from, source, facts } = target;
  const { signal } = options;
  await repairAfterRollback(image, rollbackNote.parse(facts.metadata(rollbackNote.key)));
  const found = findCheckpoint(target);
  const wanted = newCheckpoint(target);
  const same = found !== undefined && isSameCopy(found, wanted) ? found : undefined;
  const made = same && (await madeBefore(target, same));
  refuseSameName(target, made);
  if (same !== undefined && made !== undefined) {
    return { checkpoint: same, resumedAt: source.size, verified: undefined, rolledBack: false, made };
  }
  // Left by a copy that was interrupted before it recorded the snapshot.
  if (found !== undefined && facts.snapshots.some(({ name }) => name === found.snapshot)) {
    await image.removeSnapshot(found.snapshot);
    // Without the snapshot's map librbd cannot correct the head's.
    const hasMap = ((await image.features({ signal })) & imageFeatures["object-map"]) !== 0n;
    if (hasMap) await image.rebuildObjectMap({ signal });
  }
  const verified = same && (await verifyInterrupted(target, same.done, options));
  // The head was empty when that copy began. What it wrote may be written again or removed, but no other data.
  const isLeftover = found !== undefined && found.targetFrom === null && from === undefined;
  if (isLeftover) await refuseDataOfOthers(target, found, verified === undefined ? 0 : found.done, signal);
  if (same !== undefined && verified !== undefined) {
    return { checkpoint: same, resumedAt: same.done, verified, rolledBack: false, made };
  }
  if (isLeftover) await undoHead(image, undefined, await image.size({ signal }));
  const rolledBack = await prepareHead(cluster, place, image, from, signal);
  await changeHeader(target, [checkpointNote.set(wanted)]);
  return {
    checkpoint: wanted,
    resumedAt: 0,
    verified: undefined,
    rolledBack: rolledBack || isLeftover,
    made,
  };
}

/** The checkpoint of a copy to this very image. */
function findCheckpoint({ image, facts }: CopyTarget): CopyCheckpoint | undefined {
  const found = checkpointNote.parse(facts.metadata(checkpointNote.key));
  return found?.target === image.id ? found : undefined;
}

/** @throws {CoppiceError} `NOT_EMPTY` when the head holds anything but what the interrupted copy may have written there */
async function refuseDataOfOthers(
  { cluster, place, source }: CopyTarget,
  found: CopyCheckpoint,
  start: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const isSameSource = isSameImage(found, source.identity);
  const original = isSameSource ? await source.openAt(BigInt(found.to)) : undefined;
  try {
    await refuseOtherData(cluster, place, original, start, signal);
  } finally {
    await original?.close();
  }
}

function newCheckpoint({ image, from, source }: CopyTarget): CopyCheckpoint {
  const { fsid, poolId, imageId } = source.identity;
  return {
    version: 2,
    target: image.id,
    fsid,
    poolId,
    imageId,
    from: source.from === undefined ? null : String(source.from.id),
    to: String(source.to.id),
    targetFrom: from === undefined ? null : String(from.id),
    snapshot: `${unnamedPrefix}${randomUUID()}`,
    done: 0,
  };
}

/** Whether two checkpoints belong to the same copy, however far each is. */
function isSameCopy(a: CopyCheckpoint, b: CopyCheckpoint): boolean {
  const { done: _, snapshot: __, ...x } = a;
  const { done: ___, snapshot: ____, ...y } = b;
  return Object.entries(x).every(([field, value]) => value === y[field as keyof typeof y]);
}

/** The snapshot that an interrupted run made last: still under its first name, or recorded and renamed. */
async function madeBefore(
  target: CopyTarget,
  checkpoint: CopyCheckpoint,
): Promise<KnownSnapshot | undefined> {
  const { facts, source, name } = target;
  if (name === null) return undefined;
  const { snapshots } = facts;
  const unnamed = snapshots.find((snapshot) => snapshot.name === checkpoint.snapshot);
  if (unnamed !== undefined) {
    return unnamed.size === source.size && (await isWhole(target, unnamed)) ? unnamed : undefined;
  }
  const named = snapshots.find((snapshot) => snapshot.name === name);
  if (named === undefined) return undefined;
  const point = { source: source.identity, snapshot: source.to };
  return isPointOf(pointIn(facts, named.id), point) ? named : undefined;
}

/**
 * Whether librbd has made all of a snapshot. It writes the snapshot into the header before it makes its object map: when the
 * process dies in between, the snapshot cannot be opened.
 */
async function isWhole({ cluster, place, ioCtx }: CopyTarget, snapshot: KnownSnapshot): Promise<boolean> {
  try {
    await using image = await openImage(cluster, { ...place, snapshot: snapshot.name });
    if (((await image.features()) & imageFeatures["object-map"]) === 0n) return true;
    await ioCtx.objects.stat(objectMapObject(image.id, snapshot.id));
    return true;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}

function refuseSameName({ place, facts, name }: CopyTarget, made: KnownSnapshot | undefined): void {
  if (!facts.snapshots.some((snapshot) => snapshot.name === name && snapshot.id !== made?.id)) return;
  const spec = showImageSpec(place);
  throw new CoppiceError({
    code: "EXISTS",
    call: "copyDiff",
    object: `${spec}@${name}`,
    message: `${spec} already has a snapshot ${JSON.stringify(name)}`,
    hint: "It may have been copied before.",
  });
}

/**
 * Compares the head that an interrupted copy left with the source: what the copy brought over, and what any other client
 * changed where the copy does not write any more. The ranges that the copy is going to write again may hold anything.
 *
 * @param done Everything that the copy changes before this offset is on the target, by its checkpoint.
 * @returns The digests of what was brought over; undefined when another client has written to the target since.
 * @throws RbdError, the signal's reason
 */
async function verifyInterrupted(
  { cluster, place, from, source }: CopyTarget,
  done: number,
  options: TransferOptions & { readonly limits?: TransferLimits | undefined },
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
    const changedElsewhere = outside(changed, source.extentsToRead(signal));
    for await (const part of copyParts(changedElsewhere, blockSize, nothingKnown)) {
      if ((await compare(part.extents)) === undefined) return undefined;
    }
    return blocks;
  } finally {
    release?.();
  }
}

/** Marks all extents of a plan as data, so that both sides are read: only that tells whether they are zero. */
function asData(extents: Float64Array): Float64Array {
  return extents.map((value, i) => (i % 4 === 2 ? 1 : i % 4 === 3 ? 0 : value));
}
