import { type Cluster, type ConnectOptions, CoppiceError, connect } from "rbd-core";
import { ServerError } from "../base/errors.ts";
import type { Host } from "../base/host.ts";
import { ClusterConnection, DEAD } from "./cluster-connection.ts";

/**
 * Monitors that are up answer within a second, and there is always a next attempt. Nothing can interrupt librados
 * while it tries, so this is also how long a shutdown may have to wait for it.
 */
const CONNECT_SECONDS = 8;

/** One `T` for each configured cluster, by the cluster's id. */
export class PerCluster<T> {
  readonly #entries: ReadonlyMap<string, T>;

  constructor(ids: Iterable<string>, create: (id: string) => T) {
    this.#entries = new Map(Array.from(ids, (id) => [id, create(id)]));
  }

  get ids(): string[] {
    return [...this.#entries.keys()];
  }

  has(id: string): boolean {
    return this.#entries.has(id);
  }

  /** @throws {ServerError} `CLUSTER_UNKNOWN` */
  get(id: string): T {
    const entry = this.#entries.get(id);
    if (entry !== undefined) return entry;
    throw new ServerError("CLUSTER_UNKNOWN", `There is no cluster "${id}" on this server.`, {
      hint: `Its clusters are: ${this.ids.join(", ")}.`,
      object: id,
    });
  }

  /** Closes the entry of every cluster. */
  async closeAll(this: PerCluster<{ close(): Promise<void> }>): Promise<void> {
    await Promise.all(Array.from(this, ([, entry]) => entry.close()));
  }

  [Symbol.iterator](): IterableIterator<[id: string, entry: T]> {
    return this.#entries.entries();
  }
}

/** The connections to all configured clusters. */
export type Clusters = PerCluster<ClusterConnection>;

/**
 * Whether work on this cluster can begin. On a cluster that is not configured any more it can: it fails at once with
 * `CLUSTER_UNKNOWN`, instead of waiting for ever.
 */
export function canBegin(clusters: Clusters, id: string): boolean {
  return !clusters.has(id) || clusters.get(id).answering;
}

/**
 * A connection for each configured cluster, not opened yet. All are closed at shutdown.
 *
 * @param on What is called after each connection that was made, and after each outage.
 */
export function createClusters(
  { config, clock, log, opened }: Host,
  on: { connected(id: string): void; recovered(id: string): void },
): Clusters {
  const configs = new Map(config.clusters.map((cluster) => [cluster.id, cluster]));
  const clusters = new PerCluster(configs.keys(), (id) => {
    const { conf = null, user } = configs.get(id) ?? {};
    const options: ConnectOptions = {
      timeoutSeconds: CONNECT_SECONDS,
      ...(user === undefined ? {} : { user }),
      ...(conf === null ? {} : { conf }),
    };
    return new ClusterConnection({
      connect: (signal) => connect({ ...options, signal }),
      check: createCheck(),
      clock,
      log: log.child({ cluster: id }),
      onConnected: () => on.connected(id),
      onRecovered: () => on.recovered(id),
    });
  });
  opened.defer(() => clusters.closeAll());
  return clusters;
}

/**
 * Asks the monitors for the pools, and an OSD of each pool to read a small object; the first answer counts. A pool that
 * is out of order does not make the cluster unusable. A read that has no answer yet is not repeated: each holds a thread.
 */
export function createCheck(): (cluster: Pick<Cluster, "listPools" | "listNamespaces">) => Promise<void> {
  const reading = new Map<string, Promise<unknown>>();
  return async (cluster) => {
    const pools = await cluster.listPools();
    for (const { name } of pools.slice(0, MOST_READS - reading.size)) {
      if (reading.has(name)) continue;
      const read = answered(cluster.listNamespaces(name)).finally(() => reading.delete(name));
      reading.set(name, read);
    }
    if (pools.length > 0) await Promise.any(reading.values()).catch(firstError);
  };
}

/** How many pools are read at the same time. */
const MOST_READS = 4;

/** A refusal is an answer too. */
async function answered(read: Promise<unknown>): Promise<void> {
  try {
    await read;
  } catch (error) {
    if (error instanceof CoppiceError && ["TIMED_OUT", ...DEAD].includes(error.code)) throw error;
  }
}

function firstError(error: unknown): never {
  throw error instanceof AggregateError ? error.errors[0] : error;
}
