import type { Image, IoCtx } from "rbd-native";
import { z } from "zod";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow, readAhead } from "../../concurrency/index.ts";
import {
  canUseFastDiff,
  compareObjectMaps,
  type Extent,
  emptyObjectMap,
  isTrusted,
  type ObjectMap,
  objectState,
  planDiff,
  readObjectMap,
} from "../../diff/index.ts";
import { CoppiceError } from "../../errors/index.ts";
import { imageLayout } from "../../headers/index.ts";
import { openImage, repairMapAfterRollback } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import { defineNote } from "../../notes/index.ts";
import { coverRange, cutExtents, OccupiedRanges } from "../plan.ts";
import type { KnownSnapshot } from "../source.ts";
import { readMappedHeader } from "./open-target.ts";

/** To RADOS, an image's head. */
export const headId = 2n ** 64n - 2n;

/**
 * Makes an image's head hold what a snapshot of it holds. Without a snapshot, checks that the head is empty.
 *
 * @param image Open for writing. The caller holds its exclusive lock, where it has one.
 * @returns Whether the head had to be rolled back.
 * @throws {CoppiceError} `NOT_EMPTY` when there is data and no snapshot to roll back to; `INVALID_ARGUMENT` when
 * rolling back does not bring the snapshot's contents back.
 */
export async function prepareHead(
  cluster: Cluster,
  place: ImageSpec,
  image: Image,
  snapshot: KnownSnapshot | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  if (await headIsUntouched(ioCtx, image.id, snapshot, signal)) return false;
  if (await headEquals(cluster, place, snapshot, signal)) return false;
  if (snapshot === undefined) throw notEmpty(place);
  const spec = showImageSpec(place);
  await rollBack(image, snapshot, signal);
  if (await headEquals(cluster, place, snapshot, signal)) return true;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "prepareHead",
    object: `${spec}@${snapshot.name}`,
    message: `rolling ${spec} back to ${JSON.stringify(snapshot.name)} does not bring back what the snapshot holds`,
    hint: "The image is a clone that was shrunk after the snapshot. Copy to a new image instead.",
  });
}

function notEmpty(place: ImageSpec): CoppiceError {
  const spec = showImageSpec(place);
  return new CoppiceError({
    code: "NOT_EMPTY",
    call: "prepareHead",
    object: spec,
    message: `${spec} holds data, so a diff from nothing cannot be applied to it`,
    hint: "Apply the diff to a new, empty image.",
  });
}

/**
 * Undoes what a transfer did to an image's head: rolls it back to the snapshot, or empties it where there is none.
 *
 * @param size The image's size before the transfer, in bytes; used without a snapshot.
 */
export async function undoHead(
  image: Image,
  snapshot: KnownSnapshot | undefined,
  size: number,
): Promise<void> {
  if (snapshot !== undefined) return await rollBack(image, snapshot, undefined);
  await image.resize(0, { allowShrink: true });
  await image.resize(size);
}

/** Says that an image's head is being rolled back. */
export const rollbackNote = defineNote({
  key: "coppice.rollback",
  /** `image`: the image's id. A clone or a copy of it inherits its metadata, but not what this says. */
  schema: z.strictObject({ version: z.literal(1), image: z.string() }),
  what: "the note of a rollback",
  ifUnreadable: "ignore",
});

/**
 * Rolls a head back. librbd gives the head the snapshot's object map before it touches an object: when the process dies in
 * between, the map says that the head is as it should be, and another rollback skips the objects that the snapshot lacks. So a
 * note is there meanwhile, and {@link repairAfterRollback} does not believe the map.
 */
async function rollBack(
  image: Image,
  snapshot: KnownSnapshot,
  signal: AbortSignal | undefined,
): Promise<void> {
  await rollbackNote.write(image, { version: 1, image: image.id });
  await image.rollback(snapshot.name, { signal });
  await rollbackNote.remove(image);
}

/**
 * Makes the object map right again that an interrupted rollback left. Must be called before a map is used.
 *
 * @param note The note of a rollback in the image's metadata, if there is one.
 * @param image Open for writing, with its exclusive lock.
 */
export async function repairAfterRollback(
  image: Image,
  note: ReturnType<typeof rollbackNote.parse>,
): Promise<void> {
  if (note?.image !== image.id) return;
  await repairMapAfterRollback(image);
  await rollbackNote.remove(image);
}

/** Gives an image a size, and checks that it has it. */
export async function setSize(image: Image, size: number, signal?: AbortSignal): Promise<void> {
  if ((await image.size({ signal })) !== size) await image.resize(size, { allowShrink: true, signal });
  const got = await image.size({ signal });
  if (got === size) return;
  throw new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "rbd_resize2",
    object: image.name,
    message: `${image.name} has ${got} bytes after it was resized to ${size}`,
    hint: "Another client resized it meanwhile: see that it is left alone, and try again.",
  });
}

/**
 * Where an image's head may differ from a snapshot of it; without a snapshot, from zeroes. Ascending. After a rollback
 * this also reports extents that are equal again.
 *
 * @param head Set to the head; used for nothing but reading meanwhile.
 * @param before The same image, set to the snapshot.
 */
export async function headDiff(
  head: Image,
  before: { readonly image: Image; readonly snapshot: KnownSnapshot } | undefined,
  signal?: AbortSignal,
): Promise<AsyncGenerator<readonly Extent[], void, undefined>> {
  const { size, objectSize } = await head.stat({ signal });
  const { count: stripeCount } = await head.stripe({ signal });
  const from = before?.snapshot;
  const fastDiff = await canUseFastDiff(head, null, from?.id, { signal });
  const plan = planDiff(head, {
    from: from?.name,
    includeParent: from === undefined,
    size,
    objectSize,
    stripeCount,
    fastDiff,
    signal,
  });
  if (before === undefined) return plan;
  const [now, then] = [await overlap(head), await overlap(before.image)];
  return coverRange(plan, Math.min(now, then), Math.max(now, then));
}

async function overlap(image: Image): Promise<number> {
  return (await image.parent())?.overlap ?? 0;
}

const block = 4 * 1024 ** 2;
const limits = { operations: 16, bytes: 64 * 1024 ** 2 };

/**
 * Whether an image's head holds the same bytes as a snapshot of it; without a snapshot, whether it reads as zeroes
 * everywhere. The extents of the diff are compared byte for byte, because after a rollback the diff also reports extents
 * that are equal again.
 *
 * Opens handles of its own: a handle that is set to a snapshot loses its exclusive lock.
 */
export async function headEquals(
  cluster: Cluster,
  place: ImageSpec,
  snapshot: KnownSnapshot | undefined,
  signal?: AbortSignal,
): Promise<boolean> {
  await using opened = new AsyncDisposableStack();
  const [head, before] = await allSettledOrThrow([
    openImage(cluster, place, { readOnly: true }).then((image) => opened.use(image)),
    snapshot && openImage(cluster, { ...place, snapshot: snapshot.name }).then((image) => opened.use(image)),
  ]);
  const { size } = await head.stat({ signal });
  if (snapshot === undefined || before === undefined) return await hasNoData(head, size, signal);
  if (size !== snapshot.size) return false;
  const extents = await headDiff(head, { image: before, snapshot }, signal);
  const compared = readAhead(
    cutExtents(asData(extents), block),
    ({ length }) => 2 * length,
    async ({ offset, length }) => {
      using blocks = new DisposableStack();
      const [now, then] = await allSettledOrThrow([
        head.readBlock(offset, length, { signal }).then((block) => blocks.use(block)),
        before.readBlock(offset, length, { signal }).then((block) => blocks.use(block)),
      ]);
      return now.data.equals(then.data);
    },
    limits,
  );
  for await (const isEqual of compared) if (!isEqual) return false;
  return true;
}

/**
 * Checks that an image's head, which was empty when an interrupted copy began, holds nothing from `start` on but what that
 * copy may have written: each byte is zero, or the one that the copied snapshot has there.
 *
 * @param original The snapshot that was copied; undefined when it no longer exists.
 * @throws {CoppiceError} `NOT_EMPTY` when there is data of another client
 */
export async function refuseOtherData(
  cluster: Cluster,
  place: ImageSpec,
  original: Image | undefined,
  start: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  await using head = await openImage(cluster, place, { readOnly: true });
  const copied = original === undefined ? 0 : await original.size({ signal });
  const extents = await headDiff(head, undefined, signal);
  const compared = readAhead(
    cutExtents(extents, block),
    ({ length }) => 2 * length,
    async ({ offset, length, exists }) => {
      if (!exists || offset + length <= start) return true;
      const now = await head.read(offset, length, { signal });
      const then = Buffer.alloc(length);
      const inside = Math.min(length, copied - offset);
      if (inside > 0) (await original?.read(offset, inside, { signal }))?.copy(then);
      return isPartOf(now.subarray(Math.max(0, start - offset)), then.subarray(Math.max(0, start - offset)));
    },
    limits,
  );
  for await (const isCopied of compared) if (!isCopied) throw notEmpty(place);
}

/** Whether each byte is zero, or equal to the other buffer's. */
function isPartOf(bytes: Buffer, whole: Buffer): boolean {
  const page = 4096;
  for (let at = 0; at < bytes.length; at += page) {
    const [some, wanted] = [bytes.subarray(at, at + page), whole.subarray(at, at + page)];
    if (!some.equals(wanted) && !some.every((byte, i) => byte === 0 || byte === wanted[i])) return false;
  }
  return true;
}

async function hasNoData(head: Image, size: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (size === 0) return true;
  for await (const batch of head.diffIterate({ includeParent: true, wholeObject: true, signal })) {
    for (let i = 0; i < batch.count; i++) if (batch.exists(i)) return false;
  }
  return true;
}

/** Marks all extents as data: those without data are compared too, because the other side may have some there. */
async function* asData(batches: AsyncIterable<readonly { offset: number; length: number }[]>) {
  for await (const batch of batches) {
    yield batch.map(({ offset, length }) => ({ offset, length, exists: true }));
  }
}

/**
 * Whether the object maps alone prove that an image's head holds what its newest snapshot holds; without a snapshot,
 * that the head is empty. Takes two round trips. The caller holds the image's exclusive lock: no other client may be
 * writing. Must not be used after a rollback, which copies the snapshot's object map whatever the bytes are.
 *
 * @returns False also when the maps prove nothing: then the bytes have to be compared.
 * @throws RbdError
 */
export async function headIsUntouched(
  ioCtx: IoCtx,
  id: string,
  snapshot: { readonly id: bigint } | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const header = await readMappedHeader(ioCtx, id, signal);
  if (header === undefined) return false;
  const overlap = header.parent?.headOverlap ?? 0;
  const read = (point: { id?: bigint; size: number }) =>
    readObjectMap(ioCtx, id, imageLayout(header), point, signal);
  if (snapshot === undefined) {
    return overlap === 0 && (header.size === 0 || isEqual(emptyObjectMap, await read({ size: header.size })));
  }
  const newest = header.snapshots.at(-1);
  if (newest?.id !== snapshot.id || !isTrusted(newest.flags)) return false;
  if (newest.size !== header.size || (newest.parentOverlap ?? 0) !== overlap) return false;
  return isEqual(...(await allSettledOrThrow([read(newest), read({ size: header.size })])));
}

function isEqual(before: ObjectMap | null, now: ObjectMap | null): boolean {
  if (before === null || now === null) return false;
  let changes = 0;
  compareObjectMaps(before, now, () => {
    changes++;
  });
  return changes === 0;
}

/**
 * Finds which parts of an image's head hold objects, by its object map, read past librbd. Without a map that can be
 * trusted, or with a parent, all of it may hold data. The caller holds the image's exclusive lock.
 *
 * @param id The image's id.
 * @throws RbdError
 */
export async function readOccupied(ioCtx: IoCtx, id: string, signal?: AbortSignal): Promise<OccupiedRanges> {
  const anywhere = new OccupiedRanges(undefined);
  const header = await readMappedHeader(ioCtx, id, signal);
  if (header === undefined || (header.parent?.headOverlap ?? 0) > 0) return anywhere;
  if (header.size === 0) return new OccupiedRanges([]);
  const map = await readObjectMap(ioCtx, id, imageLayout(header), { size: header.size }, signal);
  if (map === null) return anywhere;
  // With stripes, an object's bytes lie all over its set of objects.
  const { objectSize, stripeCount } = imageLayout(header);
  const setBytes = objectSize * stripeCount;
  const ranges: [start: number, end: number][] = [];
  for (let index = 0; index < map.length; index++) {
    // Most of a thin image's map is empty: a word of it stands for sixteen objects.
    if (index % 16 === 0 && map.words[index / 16] === 0) index += 15;
    else if (map.state(index) !== objectState.nonexistent) {
      const start = Math.floor(index / stripeCount) * setBytes;
      const last = ranges.at(-1);
      if (last !== undefined && start <= last[1]) last[1] = start + setBytes;
      else ranges.push([start, start + setBytes]);
    }
  }
  return new OccupiedRanges(ranges);
}
