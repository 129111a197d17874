import { type IoCtx, type Cluster as NativeCluster, version } from "rbd-native";
import { withCoppiceErrors } from "../errors/index.ts";
import { checkName, compareText } from "../names/index.ts";
import { IoCtxCache } from "./io-ctx-cache.ts";

/** A pool by its number and name. */
export interface PoolName {
  id: number;
  name: string;
}

/** How full a cluster is, over all pools and with all replicas. */
export interface ClusterUsage {
  totalBytes: number;
  usedBytes: number;
  availableBytes: number;
  objects: number;
}

/** What every call to the cluster accepts. */
export interface CallOptions {
  /**
   * A call that only reads rejects at once when the signal is aborted. A call that changes something is not sent after
   * an abort; one that was sent already is stopped if librbd can stop it, and awaited in any case.
   */
  readonly signal?: AbortSignal | undefined;
}

/**
 * A connection to a Ceph cluster, made by `connect`. It is the first argument of every function that talks to the
 * cluster.
 *
 * A connection has about a dozen threads, so a process should share one: all calls may run concurrently. Close it with
 * `await using` or {@link close}, which wait for running calls.
 */
export class Cluster implements AsyncDisposable {
  readonly fsid: string;
  readonly #poolCheckMilliseconds: number;
  /** When the handles of pools were last compared with the cluster's map, by `performance.now()`. */
  #poolsCheckedAt = performance.now();
  #checkingPools: Promise<void> | undefined;
  readonly #native: NativeCluster;
  readonly #ioCtxs: IoCtxCache;
  #clientId: bigint | undefined;
  /** From the last {@link listPools}. */
  #poolIds: ReadonlyMap<string, number> = new Map();

  /**
   * Use `connect` instead.
   *
   * @param poolCheckMilliseconds How long it may go unnoticed that a pool was deleted and created again under its name.
   */
  constructor(native: NativeCluster, poolCheckMilliseconds = 1000) {
    this.#native = native;
    this.#poolCheckMilliseconds = poolCheckMilliseconds;
    this.fsid = native.fsid;
    this.#ioCtxs = new IoCtxCache((pool, namespace) => this.#openPool(pool, namespace));
  }

  /**
   * All pools, sorted by name. Asks the monitors, since the pool list in the client may be outdated.
   * (`ceph osd lspools`)
   *
   * @throws {CoppiceError}
   */
  async listPools(options: CallOptions = {}): Promise<PoolName[]> {
    const listed = (await this.monCommand({ prefix: "osd lspools" }, options)) as {
      poolnum: number;
      poolname: string;
    }[];
    const pools = listed.map(({ poolnum: id, poolname: name }) => ({ id, name }));
    this.#poolIds = new Map(pools.map((pool) => [pool.name, pool.id]));
    await this.#ioCtxs.keepOnly(this.#poolIds);
    return pools.sort((a, b) => compareText(a.name, b.name));
  }

  /** The namespaces of a pool, sorted by name, without the default one. (`rbd_namespace_list`) @throws {CoppiceError} */
  async listNamespaces(pool: string, options: CallOptions = {}): Promise<string[]> {
    const ioCtx = await this.pool(pool);
    return (await withCoppiceErrors({ object: pool }, () => ioCtx.listNamespaces(options))).sort();
  }

  /** How full the cluster is. (`rados_cluster_stat`) @throws {CoppiceError} */
  async usage(options: CallOptions = {}): Promise<ClusterUsage> {
    return withCoppiceErrors({}, () => this.#native.stat(options));
  }

  /**
   * The number that the cluster gave this connection. The ids of the images that it creates begin with it, in
   * hexadecimal. (`rados_get_instance_id`)
   */
  async clientId(): Promise<bigint> {
    this.#clientId ??= await withCoppiceErrors({}, () => this.#native.instanceId());
    return this.#clientId;
  }

  /**
   * Fences a client: its requests are refused from now on, also those that are under way. For clients that are known to be
   * dead: one that lives loses its connection for good. (`rados_blocklist_add`, `rados_wait_for_latest_osdmap`)
   *
   * @param address As RADOS lists it with a lock or a watch.
   * @throws {CoppiceError} `PERMISSION_DENIED`
   */
  async fence(address: string, options: CallOptions = {}): Promise<void> {
    await withCoppiceErrors(
      { object: address, what: `the client ${address} could not be fenced` },
      async () => {
        await this.#native.blocklist(address, options);
        // Every request that follows carries this map, so no OSD serves the fenced client after it.
        await this.#native.waitForLatestOsdMap(options);
      },
    );
  }

  /**
   * Whether a client is on the cluster's blocklist. (`ceph osd blocklist ls`)
   *
   * @param address As RADOS lists it with a lock or a watch.
   * @throws {CoppiceError} `PERMISSION_DENIED`
   */
  async isFenced(address: string, options: CallOptions = {}): Promise<boolean> {
    // As text, a line for each client: the JSON of Ceph 16 is two arrays, one after the other.
    const command = { prefix: "osd blocklist ls", format: "plain" };
    const { output } = await withCoppiceErrors({ object: command.prefix }, () =>
      this.#native.monCommand(command, undefined, options),
    );
    // The list does not say which version of the protocol an address is for: a client is listed for all of them.
    const plain = (text: string) => text.replace(/^(v1|v2|any):/, "");
    const lines = output.toString("utf8").split("\n").map(plain);
    return lines.some((line) => line.startsWith(`${plain(address)} `));
  }

  /** A configuration value of this client; `undefined` when there is no such setting. (`rados_conf_get`) */
  async getSetting(name: string, options: CallOptions = {}): Promise<string | undefined> {
    return withCoppiceErrors({ object: name }, () => this.#native.getSetting(name, options));
  }

  /** Sends a command to the monitors and parses its JSON answer. (`rados_mon_command`) @throws {CoppiceError} */
  async monCommand(
    { prefix, ...rest }: Readonly<Record<string, unknown>> & { readonly prefix: string },
    options: CallOptions = {},
  ): Promise<unknown> {
    const { output } = await withCoppiceErrors({ object: prefix }, () =>
      this.#native.monCommand({ prefix, format: "json", ...rest }, undefined, options),
    );
    return output.length === 0 ? null : JSON.parse(output.toString("utf8"));
  }

  /** Creates a pool for images. (`rados_pool_create`, `rbd_pool_init`) @throws {CoppiceError} `EXISTS` */
  async createPool(name: string, options: CallOptions = {}): Promise<void> {
    await withCoppiceErrors(
      { object: name, what: `the pool ${JSON.stringify(name)} could not be created` },
      () => this.#native.createPool(name, options),
    );
    await this.preparePool(name, options);
  }

  /** Prepares an existing pool for images. Idempotent. (`rbd_pool_init`) @throws {CoppiceError} `NOT_FOUND` */
  async preparePool(name: string, options: CallOptions = {}): Promise<void> {
    const ioCtx = await this.pool(name);
    const what = `the pool ${JSON.stringify(name)} could not be prepared for images`;
    await withCoppiceErrors({ object: name, what }, () => ioCtx.initPool(options));
  }

  /**
   * Deletes a pool with everything in it. (`rados_pool_delete`)
   *
   * @throws {CoppiceError} `PERMISSION_DENIED` unless the monitors allow it
   */
  async deletePool(name: string, options: CallOptions = {}): Promise<void> {
    await this.#ioCtxs.forget(name);
    await withCoppiceErrors({ object: name }, () => this.#native.deletePool(name, options));
  }

  /**
   * The binding's handle of a pool and namespace. It is shared and stays open as long as the connection: never close
   * it. Its methods reject with the binding's `RbdError`. After another client has deleted the pool, and created it again
   * under its name, it takes a second until this is the handle of the new one.
   *
   * @throws {CoppiceError} `NOT_FOUND` when the pool does not exist
   */
  async pool(name: string, namespace = ""): Promise<IoCtx> {
    const what = `the pool ${JSON.stringify(name)} could not be opened`;
    return withCoppiceErrors({ object: name, what }, async () => {
      await this.#noticePools();
      return await this.#ioCtxs.get(name, namespace);
    });
  }

  /** Closes the handles of pools that are gone. A handle goes by the pool's number, and never finds a new pool of the name. */
  async #noticePools(): Promise<void> {
    if (this.#ioCtxs.isEmpty) return;
    if (performance.now() - this.#poolsCheckedAt < this.#poolCheckMilliseconds) return;
    this.#checkingPools ??= this.#checkPools().finally(() => {
      this.#checkingPools = undefined;
      this.#poolsCheckedAt = performance.now();
    });
    await this.#checkingPools;
  }

  async #checkPools(): Promise<void> {
    try {
      await this.#native.waitForLatestOsdMap();
      const pools = await this.#native.listPools();
      await this.#ioCtxs.keepOnly(new Map(pools.map(({ id, name }) => [name, id])));
    } catch {
      // The monitors do not answer. What needs only the OSDs goes on with the handles that are there.
    }
  }

  async #openPool(name: string, namespace: string): Promise<IoCtx> {
    const options = { namespace, failWhenFull: true };
    const ioCtx = await this.#native.openPool(name, options);
    const id = this.#poolIds.get(name);
    if (id === undefined || ioCtx.poolId === id) return ioCtx;
    // The client opened a pool that was deleted and created again under its name. A request makes it notice.
    await ioCtx.listImages();
    await ioCtx.close();
    return this.#native.openPool(name, options);
  }

  /** Waits for running calls and closes everything that was opened through this connection. Idempotent. */
  async close(): Promise<void> {
    await this.#ioCtxs.close();
    await this.#native.close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close();
  }
}

/**
 * Creates a namespace in a pool. (`rbd_namespace_create`)
 *
 * @throws {CoppiceError} `EXISTS`, `INVALID_NAME`; `NOT_FOUND` for the pool
 */
export async function createNamespace(
  cluster: Cluster,
  pool: string,
  namespace: string,
  options: CallOptions = {},
): Promise<void> {
  checkName("namespace", namespace);
  const ioCtx = await cluster.pool(pool);
  await withCoppiceErrors({ object: `${pool}/${namespace}` }, () =>
    ioCtx.createNamespace(namespace, options),
  );
}

/**
 * Removes an empty namespace. (`rbd_namespace_remove`)
 *
 * @throws {CoppiceError} `NOT_FOUND`; `BUSY` while it contains images, also in its trash
 */
export async function removeNamespace(
  cluster: Cluster,
  pool: string,
  namespace: string,
  options: CallOptions = {},
): Promise<void> {
  const ioCtx = await cluster.pool(pool);
  await withCoppiceErrors({ object: `${pool}/${namespace}` }, () =>
    ioCtx.removeNamespace(namespace, options),
  );
}

/** The interface version of the loaded librbd: `1.16.0` with Ceph 16. (`rbd_version`) */
export function librbdVersion(): string {
  const { major, minor, extra } = version();
  return `${major}.${minor}.${extra}`;
}
