import type { Image, IoCtx } from "rbd-native";
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
import { openImage } from "../../image/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";
import { coverWithZeroes, cutExtents, OccupiedRanges } from "../plan.ts";
import type { KnownSnapshot } from "../source.ts";
import { readMappedHeader } from "./open-target.ts";

/**
 * Sees to it that an image's head is what a snapshot holds; or, without one, that it is empty.
 *
 * @param image Open for writing; its lock is held, where it has one.
 * @returns Whether it had to be rolled back.
 * @throws {CoppiceError} `NOT_EMPTY` when there is data and no snapshot to go back to; `INVALID_ARGUMENT` when
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
  const spec = showImageSpec(place);
  if (snapshot === undefined) {
    throw new CoppiceError({
      code: "NOT_EMPTY",
      call: "prepareHead",
      object: spec,
      message: `${spec} holds data, so a diff from nothing cannot be applied to it`,
      hint: "Apply it to a new image.",
    });
  }
  await image.rollback(snapshot.name, { signal });
  if (await headEquals(cluster, place, snapshot, signal)) return true;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "prepareHead",
    object: `${spec}@${snapshot.name}`,
    message: `rolling ${spec} back to ${JSON.stringify(snapshot.name)} does not bring back what the snapshot holds`,
    hint: "It is a clone that was cut since. Restore to a new image instead.",
  });
}

/**
 * Takes back what a transfer did to an image's head.
 *
 * @param size What it was before, in bytes; used without a snapshot.
 */
export async function undoHead(
  image: Image,
  snapshot: KnownSnapshot | undefined,
  size: number,
): Promise<void> {
  if (snapshot !== undefined) {
    await image.rollback(snapshot.name);
    return;
  }
  await image.resize(0, { allowShrink: true });
  await image.resize(size);
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
 * Where an image's head may hold something else than a snapshot of it does; or, without one, than zeroes. Ascending.
 * After a rollback this reports what is equal again.
 *
 * @param head Standing at the head; used for nothing else than reading meanwhile.
 * @param before The same image, standing at the snapshot.
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
  return coverWithZeroes(plan, Math.min(now, then), Math.max(now, then));
}

async function overlap(image: Image): Promise<number> {
  return (await image.parent())?.overlap ?? 0;
}

const block = 4 * 1024 ** 2;
const limits = { operations: 16, bytes: 64 * 1024 ** 2 };

/**
 * Whether an image's head holds the same bytes as a snapshot of it; or, without one, reads as zeroes everywhere.
 * What a diff reports is compared byte for byte: after a rollback it reports what is equal again.
 *
 * Opens handles of its own: setting a handle to a snapshot would cost it its exclusive lock.
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
    cutExtents(touched(extents), block),
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

async function hasNoData(head: Image, size: number, signal: AbortSignal | undefined): Promise<boolean> {
  if (size === 0) return true;
  for await (const batch of head.diffIterate({ includeParent: true, wholeObject: true, signal })) {
    for (let i = 0; i < batch.count; i++) if (batch.exists(i)) return false;
  }
  return true;
}

/** Extents without data are compared too: the other side may have some there. */
async function* touched(batches: AsyncIterable<readonly { offset: number; length: number }[]>) {
  for await (const batch of batches) {
    yield batch.map(({ offset, length }) => ({ offset, length, exists: true }));
  }
}

/**
 * Whether the object maps alone say that an image's head holds what its newest snapshot holds; or, without one, that
 * there is nothing. Two round trips. For who holds the image's lock: nobody else may be writing.
 *
 * @returns False also when they cannot tell: then the bytes have to be compared. Not to be asked after a rollback, which
 * takes the snapshot's map whatever the bytes are.
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
 * Finds which parts of an image's head hold objects, by its object map, read past librbd. Without one that can be
 * trusted, or with a parent, anything may be anywhere. For who holds the image's lock.
 *
 * @param id The image's.
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
    // Most of a thin image's map is nothing: sixteen objects a word.
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
