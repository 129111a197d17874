import { type IoCtx, type Cluster as NativeCluster, version } from "rbd-native";
import { withCoppiceErrors } from "../errors/index.ts";
import { IoCtxCache } from "./io-ctx-cache.ts";

export interface PoolName {
  id: number;
  name: string;
}

export interface ClusterUsage {
  totalBytes: number;
  usedBytes: number;
  availableBytes: number;
  objects: number;
}

/**
 * One connection to a Ceph cluster: what every function of this package takes first. Made by `connect`.
 *
 * A connection has about a dozen threads of its own, so share it: all calls may run side by side. Close it
 * with `await using` or {@link close}; what is in flight is finished first.
 */
export class Cluster implements AsyncDisposable {
  readonly fsid: string;
  readonly #native: NativeCluster;
  readonly #ioCtxs: IoCtxCache;
  #clientId: Promise<bigint> | undefined;
  /** As the monitors last told. */
  #poolIds: ReadonlyMap<string, number> = new Map();

  /** Use `connect` instead. */
  constructor(native: NativeCluster) {
    this.#native = native;
    this.fsid = native.fsid;
    this.#ioCtxs = new IoCtxCache((pool, namespace) => this.#openPool(pool, namespace));
  }

  /**
   * All pools, by name. Asks the monitors: what the client itself knows of pools can be as old as its last talk
   * with them. (`ceph osd lspools`)
   *
   * @throws {CoppiceError}
   */
  async listPools(): Promise<PoolName[]> {
    const listed = (await this.monCommand({ prefix: "osd lspools" })) as {
      poolnum: number;
      poolname: string;
    }[];
    const pools = listed.map(({ poolnum: id, poolname: name }) => ({ id, name }));
    this.#poolIds = new Map(pools.map((pool) => [pool.name, pool.id]));
    await this.#ioCtxs.keepOnly(this.#poolIds);
    return pools.sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** The namespaces of a pool besides the default one, by name. @throws {CoppiceError} (`rbd_namespace_list`) */
  async listNamespaces(pool: string): Promise<string[]> {
    const ioCtx = await this.pool(pool);
    return (await withCoppiceErrors({ object: pool }, () => ioCtx.listNamespaces())).sort();
  }

  /** What the whole cluster holds. @throws {CoppiceError} (`rados_cluster_stat`) */
  async usage(): Promise<ClusterUsage> {
    return withCoppiceErrors({}, () => this.#native.stat());
  }

  /**
   * The number that the cluster gave this connection. The ids of the images that it creates begin with it, in
   * hexadecimal. (`rados_get_instance_id`)
   */
  async clientId(): Promise<bigint> {
    this.#clientId ??= withCoppiceErrors({}, () => this.#native.instanceId());
    return this.#clientId;
  }

  /** A configuration value of this client, `undefined` when there is no such setting. (`rados_conf_get`) */
  async getSetting(name: string): Promise<string | undefined> {
    return withCoppiceErrors({ object: name }, () => this.#native.getSetting(name));
  }

  /** Sends a command to the monitors and reads its JSON answer. @throws {CoppiceError} (`rados_mon_command`) */
  async monCommand(
    { prefix, ...rest }: Readonly<Record<string, unknown>> & { readonly prefix: string },
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<unknown> {
    const { output } = await withCoppiceErrors({ object: prefix }, () =>
      this.#native.monCommand({ prefix, format: "json", ...rest }, undefined, options),
    );
    return output.length === 0 ? null : JSON.parse(output.toString("utf8"));
  }

  /** Creates a pool and makes it one for images. (`rados_pool_create`, `rbd_pool_init`) @throws {CoppiceError} `EXISTS` */
  async createPool(name: string): Promise<void> {
    await withCoppiceErrors(
      { object: name, what: `the pool ${JSON.stringify(name)} could not be created` },
      () => this.#native.createPool(name),
    );
    await this.preparePool(name);
  }

  /** Makes a pool that is there one for images. Idempotent. (`rbd_pool_init`) @throws {CoppiceError} `NOT_FOUND` */
  async preparePool(name: string): Promise<void> {
    const ioCtx = await this.pool(name);
    const what = `the pool ${JSON.stringify(name)} could not be prepared for images`;
    await withCoppiceErrors({ object: name, what }, () => ioCtx.initPool());
  }

  /** Deletes a pool with everything in it. @throws {CoppiceError} `PERMISSION_DENIED` unless the monitors allow it */
  async deletePool(name: string): Promise<void> {
    await this.#ioCtxs.forget(name);
    await withCoppiceErrors({ object: name }, () => this.#native.deletePool(name));
  }

  /**
   * The binding's handle for a pool and namespace. It is shared and stays open as long as the connection, so
   * never close it. Its methods reject with the binding's `RbdError`.
   *
   * @throws {CoppiceError} `NOT_FOUND` when there is no such pool
   */
  async pool(name: string, namespace = ""): Promise<IoCtx> {
    const place = { object: name, what: `the pool ${JSON.stringify(name)} could not be opened` };
    return withCoppiceErrors(place, () => this.#ioCtxs.get(name, namespace));
  }

  async #openPool(name: string, namespace: string): Promise<IoCtx> {
    const options = { namespace, failWhenFull: true };
    const ioCtx = await this.#native.openPool(name, options);
    const id = this.#poolIds.get(name);
    if (id === undefined || ioCtx.poolId === id) return ioCtx;
    // The client still knows a pool that was deleted, and made anew under its name. Talking to it tells it so.
    await ioCtx.listImages();
    await ioCtx.close();
    return this.#native.openPool(name, options);
  }

  /** Closes everything that was opened through this connection. Idempotent. */
  async close(): Promise<void> {
    await this.#ioCtxs.close();
    await this.#native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/** The interface version of the librbd that is loaded: `1.16.0` with Ceph 16. (`rbd_version`) */
export function librbdVersion(): string {
  const { major, minor, extra } = version();
  return `${major}.${minor}.${extra}`;
}
