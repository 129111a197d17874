import type { Image } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { breakAbandonedLocks, hintForUsers, type ImageUsers, showUsers } from "../../deletion/index.ts";
import { planDiff } from "../../diff/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { openImage, repairMapAfterRollback, waitForDeadClients } from "../../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";
import { beginOperation, type Operation, type Recover } from "../../operation/index.ts";
import {
  type DigestManifest,
  identityOf,
  setSize,
  type TransferLimits,
  type TransferOptions,
  verifyDigests,
} from "../../transfer/index.ts";
import type { BackupRecord } from "../backup-record.ts";
import type { BackupTarget, ByteRange } from "../backup-target.ts";
import { type ComparedImage, compareImage } from "../chain-digests.ts";

interface RestoreInPlaceOptions extends TransferOptions {
  readonly target: BackupTarget;
  readonly to: { readonly image: ImageSpecLike; readonly safetySnapshot?: boolean | undefined };
  readonly acceptDamaged?: boolean | undefined;
  readonly limits?: TransferLimits | undefined;
}

interface RestoredInPlace extends ComparedImage {
  readonly bytesRead: number;
  readonly bytesWritten: number;
  readonly safetySnapshot: string | null;
  readonly foundBy: "snapshot" | "digests";
}

const detailsSchema = z.strictObject({
  version: z.literal(1),
  imageId: z.string(),
  backup: z.string(),
  /** The name of the snapshot of the state before; null when none is made. */
  safety: z.string().nullable(),
  /** The highest id of a snapshot before: the safety snapshot has a higher one. */
  known: z.string().regex(/^\d{1,20}$/),
});
type InPlaceDetails = z.infer<typeof detailsSchema>;

const kind = "restore-in-place";

/**
 * Makes an image hold what a backup holds, by writing only what differs.
 *
 * What differs is found by the snapshot that the backup was taken from, if the image still has it: everything written since.
 * Otherwise all of the image is read and compared with the digests.
 *
 * @throws {CoppiceError} see `restoreBackup`
 */
export async function restoreInPlace(
  cluster: Cluster,
  backup: BackupRecord,
  digests: DigestManifest,
  options: RestoreInPlaceOptions,
): Promise<RestoredInPlace> {
  const place = toImageOnly(options.to.image);
  const spec = showImageSpec(place);
  const { signal } = options;
  const facts = await readFacts(cluster, place);
  const isKept = options.to.safetySnapshot !== false;
  const safety = isKept ? `coppice-before-restore-${backup.id}-${facts.known}` : null;
  const { id: imageId, known } = facts;
  const details: InPlaceDetails = { version: 1, imageId, backup: backup.id, safety, known: String(known) };
  const request = { image: place, purpose: "restore", kind, details, signal };
  await using operation = await beginOperation(cluster, request);
  const what = `${spec} could not be restored`;
  return await withCoppiceErrors({ object: spec, what }, async () => {
    // The same image was being restored before: that run's snapshot holds the state before, and not what it left.
    const before = operation.interrupted === null ? details : await takeUp(cluster, operation, details);
    await refuseUsers(cluster, place, operation);
    const written = { has: operation.interrupted !== null };
    try {
      if (before.safety !== null) await keepState(cluster, place, before);
      const restored = await writeDifferences(cluster, place, backup, digests, {
        ...options,
        signal: operation.signal,
        onFirstWrite: () => {
          written.has = true;
        },
      });
      await operation.end();
      return { ...restored, safetySnapshot: before.safety };
    } catch (error) {
      operation.throwIfLost();
      await undo(cluster, place, before, error);
      // Otherwise the record says that the image may hold a part of a backup.
      if (before.safety !== null || !written.has) await operation.end();
      throw operation.signal.aborted ? operation.signal.reason : error;
    }
  });
}

interface ImageFacts {
  readonly id: string;
  readonly known: bigint;
}

async function readFacts(cluster: Cluster, place: ImageSpec): Promise<ImageFacts> {
  const object = showImageSpec(place);
  await using image = await openImage(cluster, place, { readOnly: true });
  const snapshots = await withCoppiceErrors({ object }, () => image.listSnapshots());
  return { id: image.id, known: snapshots.at(-1)?.id ?? 0n };
}

/** @throws {CoppiceError} `INCOMPLETE` for what another kind of operation left */
async function takeUp(
  cluster: Cluster,
  operation: Operation,
  details: InPlaceDetails,
): Promise<InPlaceDetails> {
  const before = detailsSchema.safeParse(operation.record.details).data;
  const isSame = before?.imageId === details.imageId;
  // Without a safety snapshot there is nothing to return to; the image is written to again.
  const wanted =
    isSame && before.safety !== null ? { ...details, safety: before.safety, known: before.known } : details;
  await using image = await openImage(cluster, operation.place, { readOnly: true });
  await waitForDeadClients(cluster, image, operation);
  await operation.update(wanted);
  return wanted;
}

/** @throws {CoppiceError} `BUSY` while a client has the image open, or holds its lock */
async function refuseUsers(cluster: Cluster, place: ImageSpec, operation: Operation): Promise<void> {
  await using image = await openImage(cluster, place, { readOnly: true });
  const inUse = imageInUse(place, await breakAbandonedLocks(image, operation.signal));
  if (inUse === null) return;
  if (operation.interrupted === null) await operation.end();
  throw inUse;
}

/** Why an image cannot be restored while somebody uses it; null when nobody does. */
export function imageInUse(place: ImageSpec, users: ImageUsers): CoppiceError | null {
  if (showUsers(users) === "") return null;
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "BUSY",
    call: "restoreBackup",
    object,
    message: `${object} cannot be restored while it is in use: ${showUsers(users)}`,
    hint: hintForUsers(users),
  });
}

function isSafety({ safety, known }: InPlaceDetails) {
  return (each: { readonly name: string; readonly id: bigint; readonly namespace: string }) =>
    each.name === safety && each.id > BigInt(known) && each.namespace === "user";
}

/**
 * Takes the snapshot of the state before, unless the run before has. That run may have been killed while it returned to that
 * state.
 */
async function keepState(cluster: Cluster, place: ImageSpec, details: InPlaceDetails): Promise<void> {
  const { safety } = details;
  if (safety === null) return;
  await using image = await openImage(cluster, place);
  if ((await image.listSnapshots()).some(isSafety(details))) await repairMapAfterRollback(image);
  else await image.createSnapshot(safety);
}

/** @throws {CoppiceError} `UNDO_FAILED`, naming the snapshot that holds the state before */
async function undo(
  cluster: Cluster,
  place: ImageSpec,
  details: InPlaceDetails,
  failure: unknown,
): Promise<void> {
  try {
    await returnToState(cluster, place, details);
  } catch (error) {
    const object = showImageSpec(place);
    throw new CoppiceError({
      code: "UNDO_FAILED",
      call: "restoreBackup",
      object,
      message: `${object} could neither be restored nor returned to its state before`,
      hint: `Roll it back to its snapshot ${details.safety}, or restore it again.`,
      left: [`${object}@${details.safety}`],
      cause: new AggregateError([failure, error], "the failure, and what failed while undoing it"),
    });
  }
}

/** Returns the image to the state before, and removes the snapshot that kept it. Without one it stays as it is. */
async function returnToState(cluster: Cluster, place: ImageSpec, details: InPlaceDetails): Promise<void> {
  if (details.safety === null) return;
  await using image = await openImage(cluster, place);
  if (image.id !== details.imageId) return;
  if (!(await image.listSnapshots()).some(isSafety(details))) return;
  await image.rollback(details.safety);
  await image.removeSnapshot(details.safety);
}

async function writeDifferences(
  cluster: Cluster,
  place: ImageSpec,
  backup: BackupRecord,
  digests: DigestManifest,
  options: RestoreInPlaceOptions & { readonly onFirstWrite: () => void },
): Promise<Omit<RestoredInPlace, "safetySnapshot">> {
  const { target, limits, signal, onProgress } = options;
  const changed = await changedSinceSnapshot(cluster, place, backup, signal);
  signal?.throwIfAborted();
  options.onFirstWrite();
  {
    await using image = await openImage(cluster, place);
    await setSize(image, backup.size, signal);
  }
  const all =
    changed === null
      ? await differingFrom(cluster, place, digests, options)
      : await stillDiffering(cluster, place, digests, joinRanges(changed, backup.size), options);
  const ranges = joinRanges(all, backup.size);
  const copied = await target.copyOut(
    backup,
    { cluster, image: place },
    { ranges, limits, onProgress, signal },
  );
  const compared = await compareImage(cluster, place, backup, touchedBy(digests, ranges), options);
  const { bytesRead, bytesWritten } = copied;
  return { bytesRead, bytesWritten, ...compared, foundBy: changed === null ? "digests" : "snapshot" };
}

/**
 * What was written to an image since the snapshot that the backup was taken from; null when the image is another one or does
 * not have that snapshot any more, and for a clone, whose parent's part no diff speaks of.
 */
export async function changedSinceSnapshot(
  cluster: Cluster,
  place: ImageSpec,
  { source }: BackupRecord,
  signal: AbortSignal | undefined,
): Promise<ByteRange[] | null> {
  await using image = await openImage(cluster, place, { readOnly: true });
  const { fsid, poolId, imageId } = await identityOf(cluster, place, image);
  if (fsid !== source.fsid || poolId !== source.poolId || imageId !== source.imageId) return null;
  const id = BigInt(source.snapshot.id);
  const snapshot = (await image.listSnapshots()).find((each) => each.id === id && each.namespace === "user");
  if (snapshot === undefined || (await image.parent()) !== null) return null;
  const ranges = await headChanges(image, snapshot.name, signal);
  // What was cut off when the image shrank reads as zero since it has grown again.
  const { size } = await image.stat();
  if (size < snapshot.size) ranges.push({ offset: size, length: snapshot.size - size });
  return ranges;
}

async function headChanges(
  image: Image,
  from: string,
  signal: AbortSignal | undefined,
): Promise<ByteRange[]> {
  const { size, objectSize } = await image.stat();
  const { count: stripeCount } = await image.stripe();
  // The object maps forget what was cut off when the image was smaller in between.
  const how = { from, size, objectSize, stripeCount, fastDiff: false, includeParent: false, signal };
  const ranges: ByteRange[] = [];
  for await (const batch of planDiff(image, how)) {
    for (const { offset, length } of batch) ranges.push({ offset, length });
  }
  return ranges;
}

/** What was written may be what the backup holds: an earlier restore wrote it, for example. Reads what some ranges touch. */
async function stillDiffering(
  cluster: Cluster,
  place: ImageSpec,
  digests: DigestManifest,
  ranges: readonly ByteRange[],
  { limits, signal }: RestoreInPlaceOptions,
): Promise<ByteRange[]> {
  const manifest = touchedBy(digests, ranges);
  const { wrong } = await verifyDigests(cluster, { image: place, snapshot: null, manifest, limits, signal });
  const differs = new Set(wrong);
  return withoutEqual(ranges, {
    ...manifest,
    blocks: manifest.blocks.filter((block) => !differs.has(block)),
  });
}

/** The parts of some ranges that no digest of `equal` covers. Pure. */
export function withoutEqual(ranges: readonly ByteRange[], equal: DigestManifest): ByteRange[] {
  const { blockSize } = equal;
  const byBlock = Map.groupBy(equal.blocks, ({ block }) => block);
  const left: ByteRange[] = [];
  for (const { offset, length } of ranges) {
    for (let at = offset; at < offset + length; ) {
      const block = Math.floor(at / blockSize);
      const start = at - block * blockSize;
      const end = Math.min(offset + length - block * blockSize, blockSize);
      const isEqual = byBlock
        .get(block)
        ?.some(({ runs }) =>
          runs.some((from, i) => i % 2 === 0 && from <= start && end <= from + (runs[i + 1] ?? 0)),
        );
      if (isEqual !== true) left.push({ offset: at, length: end - start });
      at = block * blockSize + end;
    }
  }
  return left;
}

/** Where an image's head differs from digests, or cannot be compared with any. Reads all of it. */
async function differingFrom(
  cluster: Cluster,
  place: ImageSpec,
  manifest: DigestManifest,
  { limits, signal }: RestoreInPlaceOptions,
): Promise<ByteRange[]> {
  const { wrong } = await verifyDigests(cluster, { image: place, snapshot: null, manifest, limits, signal });
  return [...wrong, ...manifest.unknown].flatMap(({ block, runs }) =>
    runs.flatMap((at, i) =>
      i % 2 === 0 ? [{ offset: block * manifest.blockSize + at, length: runs[i + 1] ?? 0 }] : [],
    ),
  );
}

/** Ascending ranges that do not touch each other, cut at the size. Pure. */
export function joinRanges(ranges: readonly ByteRange[], size: number): ByteRange[] {
  const joined: { offset: number; length: number }[] = [];
  for (const range of ranges.toSorted((a, b) => a.offset - b.offset)) {
    const end = Math.min(size, range.offset + range.length);
    const last = joined.at(-1);
    if (end <= range.offset) continue;
    if (last === undefined || range.offset > last.offset + last.length) {
      joined.push({ offset: range.offset, length: end - range.offset });
    } else last.length = Math.max(last.length, end - last.offset);
  }
  return joined;
}

/** The digests of the blocks that some ranges touch. The ranges ascend. Pure. */
export function touchedBy(manifest: DigestManifest, ranges: readonly ByteRange[]): DigestManifest {
  const touched = new Set<number>();
  for (const { offset, length } of ranges) {
    const last = Math.floor((offset + length - 1) / manifest.blockSize);
    for (let block = Math.floor(offset / manifest.blockSize); block <= last; block++) touched.add(block);
  }
  return { ...manifest, blocks: manifest.blocks.filter(({ block }) => touched.has(block)), isFull: false };
}

/**
 * An interrupted restore is not undone by itself: somebody may have begun to use the image. What was begun before the first
 * byte was written, or on an image that is gone, is over.
 */
export const recoverInPlace: Recover = async (cluster, operation) => {
  const { place } = operation;
  const object = showImageSpec(place);
  const what = `an interrupted restore of ${object} could not be examined`;
  return await withCoppiceErrors({ object, what }, async () => {
    const details = detailsSchema.parse(operation.record.details);
    try {
      await using image = await openImage(cluster, place, { readOnly: true });
      if (image.id !== details.imageId)
        return { outcome: "undone", what: `${object} is another image by now` };
      if (details.safety !== null && !(await image.listSnapshots()).some(isSafety(details))) {
        return { outcome: "undone", what: `nothing was written to ${object}` };
      }
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
      return { outcome: "undone", what: `${object} is gone` };
    }
    const kept = details.safety === null ? "" : `, and the state before is in its snapshot ${details.safety}`;
    const part = `${object} may hold a part of the backup ${details.backup}${kept}`;
    return { outcome: "left", what: `${part}: restore it again, or roll it back` };
  });
};
