import type { Image, IoCtx, SnapshotEntry } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import { type ImageHeader, ignoreNotFound, readHeader, readImageId } from "../../headers/index.ts";
import { hasHeader, openImage } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import { defineNote, writeHeader } from "../../notes/index.ts";
import { isIdMadeBy, type Operation, type Recover } from "../../operation/index.ts";
import { newHeadName, snapshotsBefore } from "../head-snapshot.ts";
import { existsAlready, isEmptyHeader, isLeftBy, removeNewImage, removePartlyCreated } from "../new-image.ts";
import { type ImageIdentity, isSameImage } from "../source.ts";
import { headEquals } from "../target/head.ts";
import { isHeldStillBy, lockerName, refuseWatchers } from "../target/open-target.ts";
import { isPointOf, readPoint } from "../target/point-record.ts";
import { isUnnamedCopy } from "./copy-checkpoint.ts";

const schema = z.strictObject({
  version: z.literal(2),
  /** The id of the marked image. A clone or a copy of it inherits its metadata, but not what this says. */
  target: z.string(),
  fsid: z.string(),
  poolId: z.number(),
  imageId: z.string(),
  /** The snapshot of the source that is read in place of its head. */
  head: z.string().min(1),
  /** Whether everything is copied: what remains is to remove that snapshot, and this mark. */
  isWhole: z.boolean(),
});

/** Marks an image that is being made a copy of another image, as a whole, and says of which, by ids. */
type CopyMark = z.infer<typeof schema>;

export const copyMarkNote = defineNote({
  key: "coppice.copy-image",
  schema,
  what: "the mark of an image that is being copied to",
  ifUnreadable: "ignore",
});

/** An image that this process alone is filling. */
export interface MarkedImage {
  readonly ioCtx: IoCtx;
  readonly id: string;
  readonly mark: CopyMark;
  /** Whether nothing has been copied to it yet. */
  readonly isBare: boolean;
}

/** A copy of a whole image. */
export interface ImageCopy {
  /** Keeps every other process from making an image of the target's name. */
  readonly operation: Operation;
  readonly cluster: Cluster;
  readonly source: ImageSpec;
  /** The source, open for writing: a snapshot of its head is taken. */
  readonly original: Image;
  readonly identity: ImageIdentity;
  readonly targetCluster: Cluster;
  readonly place: ImageSpec;
  /** Whether an image is as this copy creates it: with nothing in it. */
  readonly isBare: (header: ImageHeader) => boolean;
}

/**
 * Marks the image that this copy has just created.
 *
 * @throws {CoppiceError} `EXISTS` when another client has used it meanwhile; RbdError
 */
export async function markNewCopy(copy: ImageCopy): Promise<MarkedImage> {
  const { operation, targetCluster, place } = copy;
  const ioCtx = await targetCluster.pool(place.pool, place.namespace);
  const id = await readImageId(ioCtx, place.image, operation.signal);
  const isOwn = operation.record.clients.some((client) => isIdMadeBy(id, client));
  return await claim(copy, ioCtx, id, isOwn);
}

export interface ResumedCopy extends MarkedImage {
  /** The names of the snapshots that are on the target already; of all of them, when the mark says that it is whole. */
  readonly snapshots: ReadonlySet<string>;
  /** Whether all data on it is known to be the interrupted copy's: only then may it be removed when the copy fails. */
  readonly isOurs: boolean;
}

/**
 * Takes over the image that an interrupted copy of the same source left, marked or not. When the source no longer has the
 * snapshots that were copied, the image and the snapshot of the source's head are removed instead, unless another client may
 * have used the image since.
 *
 * @returns Undefined when the copy has to create the image.
 * @throws {CoppiceError} `EXISTS` for any other image, `BUSY` while another process is filling it, `INCOMPLETE` for one that
 * can neither be continued nor removed; RbdError
 */
export async function resumeCopy(copy: ImageCopy): Promise<ResumedCopy | undefined> {
  const { original, targetCluster, place } = copy;
  const found = await takeOver(copy);
  if (found === undefined) return undefined;
  if (found.isBare) return { ...found, snapshots: new Set(), isOurs: true };
  const { head } = found.mark;
  const hasHead = await original.snapshotExists(head);
  const inSource = hasHead ? await snapshotsBefore(original, head) : [];
  if (found.mark.isWhole) {
    if (hasHead) await original.removeSnapshot(head);
    return { ...found, snapshots: await snapshotNames(targetCluster, place), isOurs: false };
  }
  const snapshots = await copiedSnapshots(copy, inSource);
  const isOurs = await isUntouched(copy);
  if (hasHead && snapshots !== undefined) return { ...found, snapshots, isOurs };
  if (!isOurs) throw cannotContinue(place);
  await removeNewImage(targetCluster, place);
  if (hasHead) await original.removeSnapshot(head);
  return undefined;
}

async function takeOver(copy: ImageCopy): Promise<MarkedImage | undefined> {
  const { operation, targetCluster, place } = copy;
  const { signal } = operation;
  await removePartlyCreated(targetCluster, place, operation);
  const ioCtx = await targetCluster.pool(place.pool, place.namespace);
  const id = await ignoreNotFound(() => readImageId(ioCtx, place.image, signal));
  // An image without a header is not a copy. Creating the image reports what it is.
  if (id === null || !(await hasHeader(ioCtx, id))) return undefined;
  const marked = await claim(copy, ioCtx, id, isLeftBy(operation, id));
  await using image = await openImage(targetCluster, place, { readOnly: true, allowIncomplete: true });
  refuseWatchers((await image.listWatchers({ signal })).length, showImageSpec(place));
  return marked;
}

/**
 * Finds the mark of this copy, or marks an image that has none.
 *
 * @param isOwn Whether the image's id says that this copy created it.
 */
async function claim(copy: ImageCopy, ioCtx: IoCtx, id: string, isOwn: boolean): Promise<MarkedImage> {
  const { found, isBare } = await examine(copy, ioCtx, id, isOwn);
  const mark = found ?? newMark(copy.identity, id);
  if (found === undefined) await writeHeader(ioCtx, id, [copyMarkNote.set(mark)]);
  return { ioCtx, id, mark, isBare };
}

/** @throws {CoppiceError} `EXISTS` for an image that is neither marked for this copy nor created by it and bare. */
async function examine(
  { operation, place, identity, isBare }: ImageCopy,
  ioCtx: IoCtx,
  id: string,
  isOwn: boolean,
): Promise<{ readonly found: CopyMark | undefined; readonly isBare: boolean }> {
  const read = await readHeader(ioCtx, id, operation.signal);
  const mark = copyMarkNote.parse(read?.metadata(copyMarkNote.key));
  const bare = read !== null && isBare(read.header);
  if (mark?.target === id && isSameImage(mark, identity)) return { found: mark, isBare: bare };
  if (isOwn && bare && !read.hasMetadata) return { found: undefined, isBare: true };
  // The image is whole, or another client's: either way nothing of the interrupted operation is left.
  if (mark === undefined) await operation.end();
  throw existsAlready(place, "copyImage");
}

function newMark({ fsid, poolId, imageId }: ImageIdentity, target: string): CopyMark {
  return { version: 2, target, fsid, poolId, imageId, head: newHeadName(), isWhole: false };
}

async function snapshotNames(cluster: Cluster, place: ImageSpec): Promise<ReadonlySet<string>> {
  await using image = await openImage(cluster, place, { readOnly: true, allowIncomplete: true });
  return new Set((await image.listSnapshots()).map(({ name }) => name));
}

/** The target's snapshots, if they are copies of the source's first ones, by ids. */
async function copiedSnapshots(
  { targetCluster, place, identity }: ImageCopy,
  inSource: readonly SnapshotEntry[],
): Promise<ReadonlySet<string> | undefined> {
  await using image = await openImage(targetCluster, place, { readOnly: true, allowIncomplete: true });
  const copied = (await image.listSnapshots())
    .filter(({ name }) => !isUnnamedCopy(name))
    .toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const [i, { id, name }] of copied.entries()) {
    const snapshot = inSource[i];
    if (snapshot?.name !== name) return undefined;
    if (!isPointOf(await readPoint(image, id), { source: identity, snapshot })) return undefined;
  }
  return new Set(copied.map(({ name }) => name));
}

/**
 * Whether an image holds nothing but what an interrupted copy brought there: no snapshot of another client, and either the
 * killed client still holds the exclusive lock, which another one that writes takes over, or the head holds what the newest
 * snapshot holds. Must be asked before the lock is acquired.
 */
async function isUntouched({ operation, targetCluster, place }: ImageCopy): Promise<boolean> {
  const { signal, interrupted } = operation;
  await using image = await openImage(targetCluster, place, { readOnly: true, allowIncomplete: true });
  const snapshots = (await image.listSnapshots({ signal })).toSorted((a, b) => (a.id < b.id ? -1 : 1));
  for (const { id, name } of snapshots) {
    if (!isUnnamedCopy(name) && (await readPoint(image, id)) === undefined) return false;
  }
  const lockers = (interrupted?.clients ?? []).map((client) => lockerName(BigInt(`0x${client}`)));
  if (await isHeldStillBy(image, lockers, signal)) return true;
  return await headEquals(targetCluster, place, snapshots.at(-1), signal);
}

function cannotContinue(place: ImageSpec): CoppiceError {
  const object = showImageSpec(place);
  return new CoppiceError({
    code: "INCOMPLETE",
    call: "copyImage",
    object,
    message: `${object} holds a part of a copy that cannot be continued, because its source has lost snapshots since, and perhaps data of another client`,
    hint: "Look at it, and remove it, or choose another name.",
  });
}

/**
 * Removes the image that an interrupted copy has not filled yet, and ends the copy of one that is whole. Anything between
 * stays for the same `copyImage` to continue, which knows the source and may have hours of work on the target.
 */
export const recoverCopy: Recover = async (cluster, operation) => {
  const { place, signal } = operation;
  const object = showImageSpec(place);
  return await withCoppiceErrors(
    { object, what: `what a copy left of ${object} could not be examined` },
    async () => {
      await removePartlyCreated(cluster, place, operation);
      const ioCtx = await cluster.pool(place.pool, place.namespace);
      const id = await ignoreNotFound(() => readImageId(ioCtx, place.image, signal));
      const read = id === null ? null : await readHeader(ioCtx, id, signal);
      if (id === null || read === null) return { outcome: "undone", what: `there is no image ${object}` };
      const mark = copyMarkNote.parse(read.metadata(copyMarkNote.key));
      const isEmpty = isEmptyHeader(read.header);
      if (isEmpty && (mark !== undefined || (isLeftBy(operation, id) && !read.hasMetadata))) {
        await removeNewImage(cluster, place);
        return { outcome: "undone", what: `the empty image ${object} is removed` };
      }
      if (mark === undefined) return { outcome: "finished", what: `${object} is whole` };
      if (!mark.isWhole || !(await removeSourceHead(cluster, mark))) {
        const what = `${object} holds a part of a copy: make the same copy again to continue it, or remove the image`;
        return { outcome: "left", what };
      }
      await writeHeader(ioCtx, id, [copyMarkNote.unset]);
      return { outcome: "finished", what: `${object} is whole` };
    },
  );
};

/** Removes the snapshot that the source's head was read from. False when the source is in another cluster. */
async function removeSourceHead(
  cluster: Cluster,
  { fsid, poolId, imageId, head }: CopyMark,
): Promise<boolean> {
  if (fsid !== cluster.fsid) return false;
  const pool = (await cluster.listPools()).find(({ id }) => id === poolId);
  if (pool === undefined) return true;
  for (const namespace of ["", ...(await cluster.listNamespaces(pool.name))]) {
    const ioCtx = await cluster.pool(pool.name, namespace);
    if (!(await hasHeader(ioCtx, imageId))) continue;
    await using image = await ioCtx.openImage({ id: imageId });
    if (await image.snapshotExists(head)) await image.removeSnapshot(head);
  }
  return true;
}
