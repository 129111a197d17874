import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, toCoppiceError } from "../errors/index.ts";
import type { FoundImage, ImageEntry, ImageReader, ParentRef } from "./image-reader.ts";
import type { RowNames } from "./inventory.ts";
import { imageKey, type ParentLink } from "./rows.ts";
import { endsScan, listPlace, type ReadOutcome } from "./scan-places.ts";

/** How many parents outside the scan are looked up at a time. */
const lookUpsAtOnce = 16;

interface Known {
  entry: ImageEntry;
  /** `null`: there, but it could not be read, so its snapshots have no names. */
  found: FoundImage | null;
}

/**
 * Clones hold their parent's ids only. Most parents were read in the same scan; the others (in a pool that was
 * not asked for) are looked up here. One that may not be read keeps its ids and has no names.
 */
export async function parentNames(
  cluster: Cluster,
  outcomes: readonly ReadOutcome[],
  reader: ImageReader,
  signal: AbortSignal | undefined,
): Promise<RowNames> {
  const poolNames = new Map((await cluster.listPools()).map((pool) => [pool.id, pool.name]));
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
    // The clones of one parent share its texts and numbers.
    imageId: known?.entry.id ?? parent.imageId,
    snapshotName: snapshot?.name ?? "",
    snapshotId: snapshot?.id ?? parent.snapshotId,
    inTrash: known !== undefined && known.entry.trash !== null,
    overlap: parent.overlap,
  };
}

/** Looks up parents of one pool and namespace. Those that cannot be read are left out. */
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
  const entries = await unlessRefused(async () =>
    listPlace({ poolId, poolName, namespace, ioCtx: await cluster.pool(poolName, namespace) }),
  );
  const byId = new Map(entries?.map((entry) => [entry.id, entry]));
  await forEachLimit(
    parents,
    lookUpsAtOnce,
    async (parent) => {
      const entry = byId.get(parent.imageId);
      if (entry === undefined) return;
      all.push({ parent, entry, found: (await unlessRefused(() => reader.read(entry, signal))) ?? null });
    },
    signal,
  );
  return all;
}

async function unlessRefused<T>(action: () => Promise<T>): Promise<T | undefined> {
  try {
    return await action();
  } catch (thrown) {
    const error = toCoppiceError(thrown);
    if (error instanceof CoppiceError && !endsScan(error)) return undefined;
    throw error;
  }
}
