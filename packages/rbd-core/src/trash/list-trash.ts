import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { forEachLimit } from "../parallel/for-each-limit.ts";
import type { TrashRow } from "./trash-row.ts";

export interface ListTrashOptions {
  /** Names of the pools to look in. Default: all. */
  pools?: readonly string[];
  /** The moment that decides what has expired. Default: now. */
  now?: Date;
  signal?: AbortSignal;
}

export interface TrashListing {
  /** Longest in the trash first. */
  rows: TrashRow[];
  /** Places whose trash could not be listed, as `pool` or `pool/namespace`. */
  unlisted: { place: string; error: CoppiceError }[];
}

const listingsAtOnce = 8;

/**
 * What is in the trash, in all namespaces of the pools. A pool that cannot be listed is said, and does not hide
 * the others. (`rbd_trash_list`)
 *
 * @throws {CoppiceError} when the cluster itself cannot be asked
 */
export async function listTrash(cluster: Cluster, options: ListTrashOptions = {}): Promise<TrashListing> {
  const { pools, signal, now = new Date() } = options;
  const names = pools ?? (await cluster.listPools()).map(({ name }) => name);
  const rows: TrashRow[] = [];
  const unlisted: TrashListing["unlisted"] = [];
  const orSay = async (place: string, action: () => Promise<void>) => {
    try {
      await action();
    } catch (error) {
      if (!(error instanceof CoppiceError)) throw error;
      unlisted.push({ place, error });
    }
  };
  await forEachLimit(
    names,
    listingsAtOnce,
    (pool) =>
      orSay(pool, async () => {
        for (const namespace of ["", ...(await cluster.listNamespaces(pool))]) {
          const place = namespace === "" ? pool : `${pool}/${namespace}`;
          await orSay(place, async () => {
            for (const row of await listPlaceTrash(cluster, pool, namespace, now)) rows.push(row);
          });
        }
      }),
    signal,
  );
  rows.sort((a, b) => a.deletedAt.getTime() - b.deletedAt.getTime() || (a.spec < b.spec ? -1 : 1));
  unlisted.sort((a, b) => (a.place < b.place ? -1 : 1));
  return { rows, unlisted };
}

async function listPlaceTrash(
  cluster: Cluster,
  pool: string,
  namespace: string,
  now: Date,
): Promise<TrashRow[]> {
  const object = namespace === "" ? pool : `${pool}/${namespace}`;
  const ioCtx = await cluster.pool(pool, namespace);
  const entries = await withCoppiceErrors(
    { object, what: `the trash of ${object} could not be listed` },
    () => ioCtx.listTrash(),
  );
  return entries.map(({ id, name, source, deletedAt, deferredUntil }) => ({
    pool,
    namespace,
    id,
    name,
    spec: showImageSpec({ pool, namespace, image: name }),
    source,
    deletedAt,
    deferredUntil,
    expired: deferredUntil <= now,
  }));
}
