import type { IoCtx, Cluster as NativeCluster } from "rbd-native";
import { translated } from "../errors/to-coppice-error.ts";
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

  /** Use `connect` instead. */
  constructor(native: NativeCluster) {
    this.#native = native;
    this.fsid = native.fsid;
    this.#ioCtxs = new IoCtxCache((pool, namespace) => native.openPool(pool, { namespace }));
  }

  /** All pools, by name. @throws {CoppiceError} (`rados_pool_list`) */
  async listPools(): Promise<PoolName[]> {
    const pools = await translated({}, () => this.#native.listPools());
    await this.#ioCtxs.keepOnly(new Map(pools.map((pool) => [pool.name, pool.id])));
    return pools
      .map(({ id, name }) => ({ id, name }))
      .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0));
  }

  /** The namespaces of a pool besides the default one, by name. @throws {CoppiceError} (`rbd_namespace_list`) */
  async listNamespaces(pool: string): Promise<string[]> {
    const ioCtx = await this.pool(pool);
    return (await translated({ object: pool }, () => ioCtx.listNamespaces())).sort();
  }

  /** What the whole cluster holds. @throws {CoppiceError} (`rados_cluster_stat`) */
  async usage(): Promise<ClusterUsage> {
    return translated({}, () => this.#native.stat());
  }

  /** A configuration value of this client, `undefined` when there is no such setting. (`rados_conf_get`) */
  async getSetting(name: string): Promise<string | undefined> {
    return translated({ object: name }, () => this.#native.getSetting(name));
  }

  /** Sends a command to the monitors and reads its JSON answer. @throws {CoppiceError} (`rados_mon_command`) */
  async monCommand(
    { prefix, ...rest }: Readonly<Record<string, unknown>> & { readonly prefix: string },
    options: { signal?: AbortSignal | undefined } = {},
  ): Promise<unknown> {
    const { output } = await translated({ object: prefix }, () =>
      this.#native.monCommand({ prefix, format: "json", ...rest }, undefined, options),
    );
    return output.length === 0 ? null : JSON.parse(output.toString("utf8"));
  }

  /** Creates a pool and makes it one for images. (`rados_pool_create`, `rbd_pool_init`) @throws {CoppiceError} `EXISTS` */
  async createPool(name: string): Promise<void> {
    await translated({ object: name, what: `the pool ${JSON.stringify(name)} could not be created` }, () =>
      this.#native.createPool(name),
    );
    const ioCtx = await this.pool(name);
    await translated(
      { object: name, what: `the pool ${JSON.stringify(name)} could not be prepared for images` },
      () => ioCtx.initPool(),
    );
  }

  /** Deletes a pool with everything in it. @throws {CoppiceError} `PERMISSION_DENIED` unless the monitors allow it */
  async deletePool(name: string): Promise<void> {
    await this.#ioCtxs.forget(name);
    await translated({ object: name }, () => this.#native.deletePool(name));
  }

  /**
   * The binding's handle for a pool and namespace. It is shared and stays open as long as the connection, so
   * never close it. Its methods reject with the binding's `RbdError`.
   *
   * @throws {CoppiceError} `NOT_FOUND` when there is no such pool
   */
  async pool(name: string, namespace = ""): Promise<IoCtx> {
    const place = { object: name, what: `the pool ${JSON.stringify(name)} could not be opened` };
    return translated(place, () => this.#ioCtxs.get(name, namespace));
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
