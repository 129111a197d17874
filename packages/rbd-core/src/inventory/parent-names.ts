import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import type { FoundImage, ImageReader, ParentRef } from "./image-reader.ts";
import { type ImageEntry, ignoreRefusal, listPlace } from "./list-images.ts";
import type { ReadOutcome } from "./read-images.ts";
import { imageKey, type ParentLink } from "./rows.ts";

/** The names for the ids that a header records. */
export interface RowNames {
  poolName(id: number): string | undefined;
  nameParent(parent: ParentRef): ParentLink;
}

/** How many parents outside of the inventory's pools are read at a time. */
const lookUpsAtOnce = 16;

interface Known {
  entry: ImageEntry;
  /** `null` when it could not be read, so that the names of its snapshots are unknown. */
  found: FoundImage | null;
}

/**
 * Finds the names of all parents, since clones record only ids. Most parents were read by the same inventory; those in
 * other pools are read here. A parent that cannot be read has no names.
 *
 * @throws {CoppiceError} only when the cluster itself cannot be asked
 */
export async function parentNames(
  cluster: Cluster,
  outcomes: readonly ReadOutcome[],
  reader: ImageReader,
  signal: AbortSignal | undefined,
): Promise<RowNames> {
  const poolNames = new Map((await cluster.listPools({ signal })).map((pool) => [pool.id, pool.name]));
  const wanted = new Map<string, ParentRef>();
  for (const outcome of outcomes) {
    const parent = "found" in outcome ? outcome.found.parent : null;
    if (parent !== null && "poolId" in parent) wanted.set(keyOf(parent), parent);
  }
  const known = new Map<string, Known>();
  for (const outcome of outcomes) {
    const { place, id, name } = outcome.entry;
    const key = imageKey(`${place.poolId}`, place.namespace, id, name);
    if (!wanted.delete(key)) continue;
    known.set(key, { entry: outcome.entry, found: "found" in outcome ? outcome.found : null });
  }
  const places = Map.groupBy(wanted.values(), (parent) => `${parent.poolId}/${parent.namespace}`);
  for (const parents of places.values()) {
    for (const each of await lookUp(cluster, poolNames, parents, reader, signal)) {
      known.set(keyOf(each.parent), each);
    }
  }
  return {
    poolName: (id) => poolNames.get(id),
    nameParent: (parent) => nameParent(parent, known.get(keyOf(parent)), poolNames),
  };
}

function keyOf(parent: ParentRef): string {
  return imageKey(`${parent.poolId}`, parent.namespace, parent.imageId, "");
}

function nameParent(
  parent: ParentRef,
  known: Known | undefined,
  poolNames: ReadonlyMap<number, string>,
): ParentLink {
  const snapshot = known?.found?.snapshots.find((each) => each.id === parent.snapshotId);
  return {
    poolName: poolNames.get(parent.poolId) ?? "",
    namespace: parent.namespace,
    imageName: known?.entry.name ?? "",
    // Taken from the parent, so that all of its clones share one string and one bigint.
    imageId: known?.entry.id ?? parent.imageId,
    snapshotName: snapshot?.name ?? "",
    snapshotId: snapshot?.id ?? parent.snapshotId,
    inTrash: known !== undefined && known.entry.trash !== null,
    overlap: parent.overlap,
  };
}

/** Reads parents in one pool and namespace. Those that are not listed are left out. */
async function lookUp(
  cluster: Cluster,
  poolNames: ReadonlyMap<number, string>,
  parents: readonly ParentRef[],
  reader: ImageReader,
  signal: AbortSignal | undefined,
): Promise<(Known & { parent: ParentRef })[]> {
  const all: (Known & { parent: ParentRef })[] = [];
  const [first] = parents;
  const poolName = first && poolNames.get(first.poolId);
  if (first === undefined || poolName === undefined) return all;
  const { poolId, namespace } = first;
  const entries = await ignoreRefusal(async () =>
    listPlace({ poolId, poolName, namespace, ioCtx: await cluster.pool(poolName, namespace) }, signal),
  );
  const byId = new Map(entries?.map((entry) => [entry.id, entry]));
  await forEachLimit(
    parents,
    lookUpsAtOnce,
    async (parent) => {
      const entry = byId.get(parent.imageId);
      if (entry === undefined) return;
      all.push({ parent, entry, found: await ignoreRefusal(() => reader.read(entry, signal)) });
    },
    signal,
  );
  return all;
}
