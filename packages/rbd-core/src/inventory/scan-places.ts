import type { Cluster, PoolName } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { forEachLimit } from "../parallel/for-each-limit.ts";
import { compareText } from "./compare-rows.ts";
import type { ImageEntry } from "./image-reader.ts";
import type { NamespaceScan, PoolScan } from "./inventory-types.ts";
import { listPlace } from "./list-place.ts";

export interface PlacesScan {
  pools: PoolScan[];
  entries: ImageEntry[];
}

/** How many pools, and namespaces of one pool, are listed at a time. */
const listingsAtOnce = 8;

/** Lists every image of the wanted pools. What cannot be listed is said where it belongs. */
export async function scanPlaces(
  cluster: Cluster,
  wanted: readonly string[] | undefined,
  signal: AbortSignal | undefined,
): Promise<PlacesScan> {
  const there = await cluster.listPools();
  const scans: OnePool[] = [...new Set(wanted)]
    .filter((name) => !there.some((pool) => pool.name === name))
    .map(noPool);
  await forEachLimit(
    there.filter(({ name }) => wanted === undefined || wanted.includes(name)),
    listingsAtOnce,
    async (pool) => {
      scans.push(await scanPool(cluster, pool, signal));
    },
    signal,
  );
  scans.sort((a, b) => compareText(a.pool.name, b.pool.name));
  return { pools: scans.map(({ pool }) => pool), entries: scans.flatMap(({ entries }) => entries) };
}

interface OnePool {
  pool: PoolScan;
  entries: ImageEntry[];
}

async function scanPool(cluster: Cluster, pool: PoolName, signal: AbortSignal | undefined): Promise<OnePool> {
  const scan: PoolScan = { ...pool, namespaces: [], error: null };
  const entries: ImageEntry[] = [];
  let names: string[] = [];
  try {
    names = await cluster.listNamespaces(pool.name);
  } catch (error) {
    scan.error = asPlaceError(error);
  }
  await forEachLimit(
    ["", ...names],
    listingsAtOnce,
    async (name) => {
      const namespace: NamespaceScan = { name, images: 0, error: null };
      scan.namespaces.push(namespace);
      try {
        const ioCtx = await cluster.pool(pool.name, name);
        const place = { poolId: pool.id, poolName: pool.name, namespace: name, ioCtx };
        for (const entry of await listPlace(place)) entries.push(entry);
      } catch (error) {
        namespace.error = asPlaceError(error);
      }
    },
    signal,
  );
  scan.namespaces.sort((a, b) => compareText(a.name, b.name));
  return { pool: scan, entries };
}

/** A refusal belongs to its place; a connection that is gone, or a mistake of ours, ends the whole scan. */
function asPlaceError(error: unknown): CoppiceError {
  if (error instanceof CoppiceError && !endsScan(error)) return error;
  throw error;
}

/** Whether nothing else can succeed after this error either. */
export function endsScan(error: CoppiceError): boolean {
  return error.code === "CLOSED" || error.code === "SHUTDOWN" || error.code === "BLOCKLISTED";
}

function noPool(name: string): OnePool {
  const error = new CoppiceError({
    code: "NOT_FOUND",
    call: "inventory",
    object: name,
    message: `there is no pool ${JSON.stringify(name)}`,
    hint: "Check the name, or leave the pools out to read all of them.",
  });
  return { pool: { id: null, name, namespaces: [], error }, entries: [] };
}
