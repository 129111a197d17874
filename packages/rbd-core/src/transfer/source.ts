import type { Image, IoCtx, SnapshotEntry } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { type Extent, hasMaps, type PlanDiffOptions, planDiff } from "../diff/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { DecodeError, type ImageHeader, readHeader, readImageId } from "../headers/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { coverRange } from "./plan.ts";

/** What is transferred: the changes from a snapshot, or from nothing, to a snapshot. Never to a head, which may change. */
export interface SourceRange {
  readonly image: ImageSpecLike;
  readonly from?: string | undefined;
  readonly to: string;
}

export interface OpenSourceOptions {
  /** `never` does not use the object maps, for a cluster where they cannot be trusted. */
  readonly fastDiff?: "auto" | "never" | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** An image opened at the snapshot that a diff leads to. */
export interface Source extends AsyncDisposable {
  readonly image: Image;
  /** `pool/[namespace/]image`, for messages. */
  readonly spec: string;
  readonly identity: ImageIdentity;
  readonly from: SnapshotEntry | undefined;
  readonly to: SnapshotEntry;
  /** The image's size at `to`, in bytes. */
  readonly size: number;
  readonly objectSize: number;
  readonly stripeUnit: number;
  readonly stripeCount: number;
  /** Whether object maps are used for the diff. */
  readonly fastDiff: boolean;
  /** Opens the image at another snapshot of it; undefined when there is no user's snapshot with that id. */
  openAt(snapshotId: bigint): Promise<Image | undefined>;
  /** What changed, ascending. Without `from`: everything that is not zero, the parent's part of a clone included. */
  extents(signal?: AbortSignal): AsyncGenerator<readonly Extent[], void, undefined>;
  /** The same, with whole objects where they are found faster: for a reader that finds the holes in them itself. */
  extentsToRead(signal?: AbortSignal): AsyncGenerator<readonly Extent[], void, undefined>;
  /**
   * Must be called when everything was read: a snapshot whose removal has begun reads as zeroes, without an error, and
   * the handle is not told of the removal.
   *
   * @throws {CoppiceError} `SOURCE_CHANGED` when a snapshot of the range no longer exists.
   */
  confirm(signal?: AbortSignal): Promise<void>;
}

/**
 * Opens the image that a transfer reads.
 *
 * @throws {CoppiceError} `NOT_FOUND` for the image or a snapshot, `INVALID_ARGUMENT` when `from` is not older than
 * `to`.
 */
export async function openSource(
  cluster: Cluster,
  range: SourceRange,
  options: OpenSourceOptions = {},
): Promise<Source> {
  const place = toImageOnly(range.image);
  const spec = showImageSpec(place);
  const { signal } = options;
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await using opened = new AsyncDisposableStack();
  const [image, early] = await allSettledOrThrow([
    openImage(cluster, { ...place, snapshot: range.to }).then((image) => opened.use(image)),
    headerByName(ioCtx, place.image, signal),
  ]);
  return await withCoppiceErrors({ object: spec, what: `${spec} could not be examined` }, async () => {
    const snapshots = await image.listSnapshots({ signal });
    const to = findSnapshot(snapshots, range.to, spec);
    const from = range.from === undefined ? undefined : findSnapshot(snapshots, range.from, spec);
    if (from !== undefined && from.id >= to.id) throw notOlder(spec, from, to);
    const [{ size, objectSize }, stripe] = [await image.stat({ signal }), await image.stripe({ signal })];
    const header = early?.id === image.id ? early.header : undefined;
    const fastDiff = options.fastDiff !== "never" && header !== undefined && hasMaps(header, to.id, from?.id);
    const lost = from === undefined ? undefined : await lostOverlap(image, header, from, to, size);
    const hasParent = (await image.parent({ signal })) !== null;
    const extents = (how: Pick<PlanDiffOptions, "signal" | "wholeObjects">) => {
      const includeParent = from === undefined;
      const { count: stripeCount } = stripe;
      const what = { from: from?.name, size, objectSize, stripeCount, fastDiff, includeParent };
      const planned = planDiff(image, { ...what, ...how });
      return lost === undefined ? planned : coverRange(planned, ...lost);
    };
    const identity = await identityOf(cluster, place, image);
    const open = opened.move();
    return {
      image,
      spec,
      identity,
      from,
      to,
      size,
      objectSize,
      stripeUnit: stripe.unit,
      stripeCount: stripe.count,
      fastDiff,
      openAt: async (snapshotId) => {
        const at = snapshots.find(({ id, namespace }) => id === snapshotId && namespace === "user");
        return at && (await openImage(cluster, { ...place, snapshot: at.name }));
      },
      extents: (signal) => extents({ signal }),
      extentsToRead: (signal) => extents({ signal, wholeObjects: !hasParent }),
      confirm: (signal) =>
        confirmSnapshots(cluster, place, image.id, from === undefined ? [to] : [from, to], signal),
      [Symbol.asyncDispose]: () => open.disposeAsync(),
    };
  });
}

/** The header of the image of that name, read past librbd; undefined where that is not possible. */
async function headerByName(
  ioCtx: IoCtx,
  name: string,
  signal: AbortSignal | undefined,
): Promise<{ readonly id: string; readonly header: ImageHeader } | undefined> {
  try {
    const id = await readImageId(ioCtx, name, signal);
    const read = await readHeader(ioCtx, id, signal);
    return read === null ? undefined : { id, header: read.header };
  } catch (error) {
    if (error instanceof DecodeError || hasCode(error, "NOT_FOUND")) return undefined;
    throw error;
  }
}

/**
 * librbd moves a snapshot out of the user's namespace before it gives up the snapshot's data. A snapshot that a fresh
 * read of the header lists there was therefore whole until now.
 */
async function confirmSnapshots(
  cluster: Cluster,
  place: ImageSpec,
  id: string,
  wanted: readonly SnapshotEntry[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  const users = await userSnapshots(ioCtx, id, signal);
  const gone = wanted.find(({ id }) => !users.has(id));
  if (gone === undefined) return;
  const spec = showImageSpec(place);
  throw new CoppiceError({
    code: "SOURCE_CHANGED",
    call: "confirmSnapshots",
    object: `${spec}@${gone.name}`,
    message: `${spec}@${gone.name} was removed while it was being read`,
    hint: "The data that was read is not used. Try again with a snapshot that nobody removes.",
  });
}

async function userSnapshots(
  ioCtx: IoCtx,
  id: string,
  signal: AbortSignal | undefined,
): Promise<ReadonlySet<bigint>> {
  const read = await readHeader(ioCtx, id, signal);
  if (read !== null) {
    const users = read.header.snapshots.filter(({ namespace }) => namespace.kind === "user");
    return new Set(users.map(({ id }) => id));
  }
  await using image = await ioCtx.openImage({ id }, { readOnly: true });
  const users = (await image.listSnapshots({ signal })).filter(({ namespace }) => namespace === "user");
  return new Set(users.map(({ id }) => id));
}

/** The range in which a clone read from its parent at the older snapshot, and no longer does at the newer one. */
async function lostOverlap(
  image: Image,
  header: ImageHeader | undefined,
  from: SnapshotEntry,
  to: SnapshotEntry,
  size: number,
): Promise<readonly [start: number, end: number] | undefined> {
  const overlap = async (id: bigint) =>
    header === undefined
      ? await overlapAt(image, id, to.id)
      : (header.snapshots.find((snapshot) => snapshot.id === id)?.parentOverlap ?? 0);
  const [before, after] = [await overlap(from.id), await overlap(to.id)];
  return before > after && after < size ? [after, Math.min(before, size)] : undefined;
}

/** The overlap at a snapshot, by librbd. Sets the image back to the other snapshot afterwards. */
async function overlapAt(image: Image, snapshot: bigint, back: bigint): Promise<number> {
  try {
    await image.setSnapshot(snapshot);
    return (await image.parent())?.overlap ?? 0;
  } finally {
    await image.setSnapshot(back);
  }
}

function notOlder(spec: string, from: SnapshotEntry, to: SnapshotEntry): CoppiceError {
  return new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "openSource",
    object: spec,
    message: `${spec}@${from.name} is not older than ${spec}@${to.name}`,
    hint: "A diff goes from an older snapshot to a newer one.",
  });
}

/** What a transfer needs to know about a snapshot. */
export type KnownSnapshot = Pick<SnapshotEntry, "id" | "name" | "size" | "namespace">;

/**
 * The user's snapshot of that name.
 *
 * @param image The image's spec, for the error.
 * @throws {CoppiceError} `NOT_FOUND`
 */
export function findSnapshot<Snapshot extends KnownSnapshot>(
  snapshots: readonly Snapshot[],
  name: string,
  image: string,
): Snapshot {
  const found = snapshots.find((snapshot) => snapshot.name === name && snapshot.namespace === "user");
  if (found !== undefined) return found;
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "findSnapshot",
    object: `${image}@${name}`,
    message: `${image} has no snapshot ${JSON.stringify(name)}`,
    hint: "Check the name with `rbd snap ls`; it may have been renamed or removed.",
  });
}

/** Identifies an image: by ids that are never used again, with the names it had at the time. */
export interface ImageIdentity {
  readonly fsid: string;
  readonly poolId: number;
  readonly imageId: string;
  readonly poolName: string;
  readonly namespace: string;
  readonly imageName: string;
}

export async function identityOf(cluster: Cluster, spec: ImageSpec, image: Image): Promise<ImageIdentity> {
  const { poolId, poolName } = await cluster.pool(spec.pool, spec.namespace);
  const { id, name } = image;
  return { fsid: cluster.fsid, poolId, imageId: id, poolName, namespace: spec.namespace, imageName: name };
}

/** Whether two identities belong to the same image, whatever its name. */
export function isSameImage(
  a: Pick<ImageIdentity, "fsid" | "poolId" | "imageId">,
  b: Pick<ImageIdentity, "fsid" | "poolId" | "imageId">,
): boolean {
  return a.fsid === b.fsid && a.poolId === b.poolId && a.imageId === b.imageId;
}
