import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { type ParentLink, readParent, readSnapshots, type SnapshotRow } from "../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { readSnapshotHistory, type SnapshotHistory } from "./search-snapshot.ts";

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
  /** What the header said right after the rest had been read. `null` when it could not be understood. */
  history: SnapshotHistory | null;
}

/**
 * Opens an image to look at it. A read-only handle has no watcher: it is the image as it was when opened.
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

/** What the open image says of itself. `spec` is without a snapshot. @throws {CoppiceError} */
export async function readSourceFacts(cluster: Cluster, spec: ImageSpec, image: Image): Promise<SourceFacts> {
  const object = showImageSpec(spec);
  return withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    const asked = image.isOldFormat();
    const [oldFormat, stat, features, flags, stripe, dataPool, snapshots, parent] = await allSettledOrThrow([
      asked,
      image.stat(),
      image.features(),
      image.flags(),
      image.stripe(),
      asked.then((old) => (old ? null : readDataPool(cluster, spec, image))),
      readSnapshots(image),
      readParent(image),
    ]);
    // Last: what the handle does not know yet must show.
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

/** @throws {CoppiceError} `NOT_FOUND` when the image has no user snapshot of that name */
export function namedSnapshot(facts: SourceFacts, name: string): SnapshotRow {
  const found = facts.snapshots.find((snapshot) => snapshot.kind === "user" && snapshot.name === name);
  if (found !== undefined) return found;
  const names = facts.snapshots.filter((each) => each.kind === "user").map((each) => each.name);
  throw new CoppiceError({
    code: "NOT_FOUND",
    call: "cloneImage",
    object: showImageSpec({ ...facts.spec, snapshot: name }),
    message: `${showImageSpec(facts.spec)} has no snapshot ${JSON.stringify(name)}`,
    hint:
      names.length === 0
        ? "It has no snapshots at all."
        : `It has ${names.length}: ${names.slice(-10).join(", ")}${names.length > 10 ? ", …" : ""}.`,
  });
}

async function readDataPool(cluster: Cluster, spec: ImageSpec, image: Image): Promise<string | null> {
  const id = await image.dataPoolId();
  const own = await cluster.pool(spec.pool, spec.namespace);
  if (id === own.poolId) return null;
  return (await cluster.listPools()).find((pool) => pool.id === id)?.name ?? null;
}

interface SourceDepth {
  /** How many images are above. */
  depth: number;
  /** Why there may be more of them: an ancestor could not be read. */
  unreadable: CoppiceError | null;
}

/** Walks up from parent to parent, through other pools and the trash. `parent` is the source's own. */
export async function sourceDepth(cluster: Cluster, parent: ParentLink | null): Promise<SourceDepth> {
  let depth = 0;
  try {
    for (let link = parent; link !== null; depth++) {
      const { poolName, namespace, imageId, imageName } = link;
      const object = `${poolName}/${namespace === "" ? "" : `${namespace}/`}${imageName}`;
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
