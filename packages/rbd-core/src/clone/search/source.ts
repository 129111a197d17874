import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../../errors/index.ts";
import {
  DecodeError,
  decodeImageHeader,
  headerObject,
  type ParentHeader,
  readOmap,
  type SnapshotHeader,
} from "../../headers/index.ts";
import { type ParentLink, readParent, readSnapshots, type SnapshotRow } from "../../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../../names/index.ts";

/** What has to be known of an image before it can be cloned. */
export interface SourceFacts {
  /** Without a snapshot. */
  spec: ImageSpec;
  id: string;
  oldFormat: boolean;
  /** Bytes. */
  size: number;
  features: bigint;
  flags: bigint;
  /** Bytes. */
  objectSize: number;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  dataPool: string | null;
  /** Oldest first. */
  snapshots: readonly SnapshotRow[];
  parent: ParentLink | null;
  /** What the header said right after the rest had been read. `null` when it cannot be decoded. */
  history: SnapshotHistory | null;
}

/** An image's size and snapshots at one moment. */
interface SnapshotState {
  /** Bytes. */
  size: number;
  /** Oldest first. */
  snapshots: readonly Pick<SnapshotRow, "id" | "name">[];
}

/** The same from the image's header, which holds more about each snapshot, and counts the removed ones too. */
export interface SnapshotHistory extends SnapshotState {
  /** The id of the newest snapshot ever made, even if it was removed since. */
  sequence: bigint;
  snapshots: readonly SnapshotHeader[];
  /** The parent of the current state. */
  parent: ParentHeader | null;
}

/**
 * Opens an image for reading. A read-only handle registers no watcher: it shows the image as it was when it was opened.
 *
 * @throws {CoppiceError} `NOT_FOUND`
 */
export async function openSource(cluster: Cluster, spec: ImageSpec): Promise<Image> {
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  return withCoppiceErrors({ object, what: `${object} could not be opened` }, () =>
    ioCtx.openImage(spec.image, { readOnly: true }),
  );
}

/** Reads the facts from an open image. `spec` is without a snapshot. @throws {CoppiceError} */
export async function readSourceFacts(cluster: Cluster, spec: ImageSpec, image: Image): Promise<SourceFacts> {
  const object = showImageSpec(spec);
  return withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    const reading = image.isOldFormat();
    const [oldFormat, stat, features, flags, stripe, dataPool, snapshots, parent] = await allSettledOrThrow([
      reading,
      image.stat(),
      image.features(),
      image.flags(),
      image.stripe(),
      reading.then((old) => (old ? null : readDataPool(cluster, spec, image))),
      readSnapshots(image),
      readParent(image),
    ]);
    // Read last, so that it shows a snapshot that was made after the handle was opened.
    const history = oldFormat
      ? null
      : await readSnapshotHistory(await cluster.pool(spec.pool, spec.namespace), image.id);
    return {
      spec,
      id: image.id,
      oldFormat,
      size: stat.size,
      features,
      flags,
      objectSize: stat.objectSize,
      stripeUnit: stripe.unit,
      stripeCount: stripe.count,
      dataPool,
      snapshots,
      parent,
      history,
    };
  });
}

async function readDataPool(cluster: Cluster, spec: ImageSpec, image: Image): Promise<string | null> {
  const id = await image.dataPoolId();
  const own = await cluster.pool(spec.pool, spec.namespace);
  if (id === own.poolId) return null;
  return (await cluster.listPools()).find((pool) => pool.id === id)?.name ?? null;
}

/**
 * Reads the history from an image's header: one small read. `null` when the header cannot be decoded.
 *
 * @throws {RbdError} `NOT_FOUND` when the image is gone
 */
async function readSnapshotHistory(ioCtx: IoCtx, id: string): Promise<SnapshotHistory | null> {
  const omap = await readOmap(ioCtx, headerObject(id), undefined);
  try {
    const { snapshotSequence: sequence, size, snapshots, parent } = decodeImageHeader(omap);
    return { sequence, size, snapshots, parent };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

/**
 * Whether the image still is the one that was searched: the same size, and no snapshot made, removed or renamed since
 * it was opened.
 *
 * This is what makes it right to reuse a snapshot while the source is being written to. The handle that was searched
 * knows the snapshots from when it was opened; a snapshot made since would hide earlier writes from the diff, because
 * they are in its layer now. With the snapshots unchanged until after the search, the diff was complete. A diff reports
 * what was *written*, and a write is never undone: what the search found untouched, whenever it looked, was untouched
 * when the search began. At that moment the source was, byte for byte, the snapshot; and a later write is later than
 * the clone.
 */
export async function isUnchanged(cluster: Cluster, before: SourceFacts): Promise<boolean> {
  const { spec, id, history } = before;
  const object = showImageSpec(spec);
  if (history !== null) {
    if (!sameState(before, history)) return false;
    const ioCtx = await cluster.pool(spec.pool, spec.namespace);
    const now = await withCoppiceErrors({ object, what: `${object} could not be read again` }, () =>
      readSnapshotHistory(ioCtx, id),
    );
    return now !== null && now.sequence === history.sequence && sameState(now, history);
  }
  await using image = await openSource(cluster, spec);
  const now = await readSourceFacts(cluster, spec, image);
  return now.id === id && sameState(now, before);
}

function sameState(a: SnapshotState, b: SnapshotState): boolean {
  return (
    a.size === b.size &&
    a.snapshots.length === b.snapshots.length &&
    a.snapshots.every(({ id, name }, i) => b.snapshots[i]?.id === id && b.snapshots[i].name === name)
  );
}

/** @throws {CoppiceError} `NOT_FOUND` when the image has no user snapshot of that name */
export function namedSnapshot(facts: SourceFacts, name: string): SnapshotRow {
  const user = facts.snapshots.filter(({ kind }) => kind === "user");
  const found = user.find((snapshot) => snapshot.name === name);
  if (found !== undefined) return found;
  const newest = user.slice(-10).map((snapshot) => snapshot.name);
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "cloneImage",
    object: showImageSpec({ ...facts.spec, snapshot: name }),
    message: `${showImageSpec(facts.spec)} has no snapshot ${JSON.stringify(name)}`,
    hint:
      user.length === 0
        ? "It has no snapshots at all."
        : `It has ${user.length}: ${newest.join(", ")}${user.length > newest.length ? ", …" : ""}.`,
  });
}

interface SourceDepth {
  /** How many images are above. */
  depth: number;
  /** Why there may be more of them: an ancestor could not be read. */
  unreadable: CoppiceError | null;
}

/** Counts the ancestors from parent to parent, through other pools and the trash. `parent` is the source's own. */
export async function sourceDepth(cluster: Cluster, parent: ParentLink | null): Promise<SourceDepth> {
  let depth = 0;
  try {
    for (let link = parent; link !== null; depth++) {
      const { poolName, namespace, imageId, imageName } = link;
      const object = showImageSpec({ pool: poolName, namespace, image: imageName });
      link = await withCoppiceErrors({ object }, async () => {
        const ioCtx = await cluster.pool(poolName, namespace);
        await using image = await ioCtx.openImage({ id: imageId }, { readOnly: true });
        // Awaited here: the image must stay open until it has answered.
        return await readParent(image);
      });
    }
  } catch (error) {
    if (error instanceof CoppiceError) return { depth: depth + 1, unreadable: error };
    throw error;
  }
  return { depth, unreadable: null };
}
