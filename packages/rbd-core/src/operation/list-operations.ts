import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { type CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import type { ImageSpec } from "../names/index.ts";
import { type RecordedOperation, readOperations, splitOperationKey } from "./operation-record.ts";
import { isKnownDead } from "./process-identity.ts";

/** An operation that has begun and not ended. */
export interface OperationInfo {
  /** Random; `null` when the record cannot be read. */
  readonly id: string | null;
  /** The image that is made or changed. */
  readonly image: ImageSpec;
  /** What is done to it: `clone`, `copy`, …; `null` when the record cannot be read. */
  readonly kind: string | null;
  /** What the operation keeps others from doing at the same time: `make`, `remove`, … */
  readonly purpose: string;
  /**
   * `running` while a process holds its lease; `interrupted` when none does, or when that process is known to be dead:
   * the same call again, or `reconcile`, finishes or undoes it.
   */
  readonly state: "running" | "interrupted";
  readonly startedAt: Date | null;
  /** The process that works or worked on it. */
  readonly holder: { readonly host: string; readonly pid: number } | null;
  /**
   * The RADOS clients that have worked on it, the newest last, as hexadecimal numbers (see `Cluster.clientId`); none when
   * the record cannot be read.
   */
  readonly clients: readonly string[];
  /** Why the record cannot be read; `null` when it can. */
  readonly error: CoppiceError | null;
}

export interface ListOperationsOptions {
  /** Default: all pools. */
  readonly pools?: readonly string[] | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** How many namespaces are read at a time. */
const namespacesAtOnce = 16;

/**
 * Every operation of the SDK that is recorded in a cluster, whatever process began it: what is under way, and what was
 * interrupted and left something half made.
 *
 * @throws {CoppiceError} `NOT_FOUND` for a pool that is named and does not exist; the signal's reason
 */
export async function listOperations(
  cluster: Cluster,
  options: ListOperationsOptions = {},
): Promise<OperationInfo[]> {
  const { signal } = options;
  const places = await listPlaces(cluster, options.pools);
  const operations: OperationInfo[] = [];
  const read = async (place: { pool: string; namespace: string }) => {
    const ioCtx = await cluster.pool(place.pool, place.namespace);
    const recorded = await withCoppiceErrors({ object: place.pool }, () => readOperations(ioCtx, { signal }));
    operations.push(...recorded.map((each) => toInfo(place, each)));
  };
  await forEachLimit(places, namespacesAtOnce, read, signal);
  return operations;
}

/** Every pool with each of its namespaces, the default one included. @param pools Default: all. @throws {CoppiceError} */
export async function listPlaces(
  cluster: Cluster,
  pools: readonly string[] | undefined,
): Promise<{ pool: string; namespace: string }[]> {
  const places: { pool: string; namespace: string }[] = [];
  for (const pool of pools ?? (await cluster.listPools()).map(({ name }) => name)) {
    for (const namespace of ["", ...(await namespacesOf(cluster, pool))]) places.push({ pool, namespace });
  }
  return places;
}

/** A pool that RBD does not use has none. */
async function namespacesOf(cluster: Cluster, pool: string): Promise<string[]> {
  try {
    return await cluster.listNamespaces(pool);
  } catch (error) {
    if (hasCode(error, "UNSUPPORTED") || hasCode(error, "INVALID_ARGUMENT")) return [];
    throw error;
  }
}

/** What a person or a program is told of a recorded operation. */
export function toInfo(
  place: { readonly pool: string; readonly namespace: string },
  { key, record, error, leaseHolder }: RecordedOperation,
): OperationInfo {
  const { image, purpose } = splitOperationKey(key);
  const isHeld = leaseHolder !== null && !(record !== null && isKnownDead(record.holder));
  return {
    id: record?.id ?? null,
    image: { ...place, image },
    kind: record?.kind ?? null,
    purpose,
    state: isHeld ? "running" : "interrupted",
    startedAt: record === null ? null : new Date(record.started),
    holder: record === null ? null : { host: record.holder.host, pid: record.holder.pid },
    clients: record?.clients ?? [],
    error,
  };
}
