import { native } from "./internal/binding.ts";
import { type CallOptions, change, read, toRbdError } from "./internal/call.ts";
import { checkBytes, checkCount, checkName, checkText, refuse } from "./internal/check.ts";
import type { ClusterRef, NativeConnectOptions, SendCommand } from "./internal/native-types.ts";
import { IoCtx } from "./ioctx.ts";
import { RbdError } from "./rbd-error.ts";

export interface ClusterStat {
  readonly totalBytes: number;
  readonly usedBytes: number;
  readonly availableBytes: number;
  readonly objects: number;
}

/** Ceph's releases by number: 12 is luminous, 13 mimic (the first with clones of unprotected snapshots). */
export interface CompatibleClient {
  /** The oldest release that can use the cluster's maps as they are. */
  readonly present: number;
  /** The oldest release that the cluster promises to stay usable for (`osd set-require-min-compat-client`). */
  readonly required: number;
}

export interface PoolEntry {
  readonly id: number;
  readonly name: string;
}

export interface OpenPoolOptions extends CallOptions {
  /** The RBD namespace; the default one ("") without it. */
  readonly namespace?: string | undefined;
  /**
   * Calls that need space in a full pool fail with `NO_SPACE` or `QUOTA_EXCEEDED`, and calls that need none succeed; this
   * holds for images opened through the pool, too. Without it every write waits for space, until its time-out.
   */
  readonly failWhenFull?: boolean | undefined;
}

export interface BlocklistOptions extends CallOptions {
  /** How long the client stays on the blocklist; the cluster's default (an hour) without it. */
  readonly seconds?: number | undefined;
}

/** About 68 years. */
const MOST_SECONDS = 2 ** 31 - 1;

/**
 * A connection to a cluster. It costs about a dozen threads of librados: share it. Closing it closes the pools
 * and images that were opened through it, after the calls in flight on them.
 */
export class Cluster implements AsyncDisposable {
  readonly #handle: ClusterRef;
  /** The cluster's id, a UUID. */
  readonly fsid: string;

  private constructor(handle: ClusterRef, fsid: string) {
    this.#handle = handle;
    this.fsid = fsid;
  }

  /**
   * Connects: reads the configuration file, then `$CEPH_ARGS`, then the settings given here. With a signal it
   * rejects at once on abort; a connection that is still made is closed again. Wraps rados_create2, rados_conf_read_file,
   * rados_conf_parse_env, rados_conf_set, rados_connect, rados_cluster_fsid.
   */
  static async connect(o: ConnectOptions = {}): Promise<Cluster> {
    const object = `cluster ${o.cluster ?? "ceph"} as client.${o.user ?? "admin"}`;
    const options = toNativeConnectOptions(object, o);
    const { handle, fsid } = await read(
      object,
      o,
      (operation) => native.connect(options, operation),
      (late) => void native.close(late.handle),
    );
    return new Cluster(handle, fsid);
  }

  get #object(): string {
    return `cluster ${this.fsid}`;
  }

  /** The value in force, undefined for a setting that Ceph does not know. Wraps rados_conf_get. */
  async getSetting(name: string, o?: CallOptions): Promise<string | undefined> {
    checkName("rados_conf_get", this.#object, "name", name);
    try {
      return await read(this.#object, o, (operation) => native.getSetting(this.#handle, name, operation));
    } catch (error) {
      if (error instanceof RbdError && error.code === "NOT_FOUND") return undefined;
      throw error;
    }
  }

  /** Changes a setting of this connection; images opened later see it. Wraps rados_conf_set. */
  async setSetting(name: string, value: string, o?: CallOptions): Promise<void> {
    checkName("rados_conf_set", this.#object, "name", name);
    checkText("rados_conf_set", this.#object, name, value);
    await change(this.#object, o, (operation) => native.setSetting(this.#handle, name, value, operation));
  }

  /** Space in the whole cluster, in bytes. Wraps rados_cluster_stat. */
  stat(o?: CallOptions): Promise<ClusterStat> {
    return read(this.#object, o, (operation) => native.clusterStat(this.#handle, operation));
  }

  /** The id of this connection in the cluster (`client.<id>`). Wraps rados_get_instance_id. */
  instanceId(o?: CallOptions): Promise<bigint> {
    return read(this.#object, o, (operation) => native.instanceId(this.#handle, operation));
  }

  /**
   * Waits until this connection has the newest map of the cluster: it then sees changes that other clients made to pools before the call.
   * Wraps rados_wait_for_latest_osdmap.
   */
  waitForLatestOsdMap(o?: CallOptions): Promise<void> {
    return read(this.#object, o, (operation) => native.waitForLatestOsdMap(this.#handle, operation));
  }

  /**
   * Puts a client on the cluster's blocklist: from then on the cluster refuses everything that it sends, also what it
   * sent before and what is still on its way, and its watches end. Its locks remain, to be broken. Do this before a lock
   * of a client that may still be alive is broken; {@link Image.breakExclusiveLock} does it by itself.
   *
   * @param address The client's, as {@link Image.exclusiveLockOwner}, {@link Image.listWatchers} and
   * {@link Image.lockInfo} give it: `10.0.0.7:0/3710147553`. Wraps rados_blocklist_add.
   */
  async blocklist(address: string, o?: BlocklistOptions): Promise<void> {
    const call = "rados_blocklist_add";
    checkName(call, this.#object, "address", address);
    const nonce = /^(?:v[12]:)?(?:\d+(?:\.\d+){3}|\[[\da-f:.]+\]):\d+\/(\d+)$/i.exec(address)?.[1];
    // With an address alone, or with nonce 0, the cluster would refuse every client of that host.
    if (nonce === undefined || Number(nonce) === 0) {
      refuse(
        call,
        this.#object,
        `address must name one client, as 10.0.0.7:0/3710147553 does, not ${address}`,
      );
    }
    const seconds = checkCount(call, this.#object, "seconds", o?.seconds ?? 0);
    if (seconds > MOST_SECONDS) refuse(call, this.#object, `seconds must be at most ${MOST_SECONDS}`);
    await change(`client ${address}`, o, (operation) =>
      native.blocklist(this.#handle, address, seconds, operation),
    );
  }

  /** Wraps rados_get_min_compatible_client. */
  minCompatibleClient(o?: CallOptions): Promise<CompatibleClient> {
    return read(this.#object, o, (operation) => native.minCompatibleClient(this.#handle, operation));
  }

  /** Wraps rados_pool_list and rados_pool_lookup. */
  listPools(o?: CallOptions): Promise<PoolEntry[]> {
    return read(this.#object, o, (operation) => native.listPools(this.#handle, operation));
  }

  /** Creates a pool with the cluster's default rule; {@link IoCtx.initPool} initialises it for RBD. Wraps rados_pool_create. */
  async createPool(name: string, o?: CallOptions): Promise<void> {
    checkName("rados_pool_create", this.#object, "name", name);
    await change(`pool ${name}`, o, (operation) => native.createPool(this.#handle, name, operation));
  }

  /** Deletes a pool with all that is in it; the monitors must allow it. Wraps rados_pool_delete. */
  async deletePool(name: string, o?: CallOptions): Promise<void> {
    checkName("rados_pool_delete", this.#object, "name", name);
    await change(`pool ${name}`, o, (operation) => native.deletePool(this.#handle, name, operation));
  }

  /** Opens a pool at a namespace. Wraps rados_ioctx_create, rados_ioctx_set_namespace, rados_set_pool_full_try. */
  async openPool(name: string, o?: OpenPoolOptions): Promise<IoCtx> {
    const namespace = o?.namespace ?? "";
    checkName("rados_ioctx_create", this.#object, "name", name);
    checkText("rados_ioctx_create", this.#object, "namespace", namespace);
    const { handle, id } = await read(
      `pool ${name}`,
      o,
      (operation) => native.openPool(this.#handle, name, namespace, o?.failWhenFull === true, operation),
      (late) => void native.close(late.handle),
    );
    return new IoCtx(handle, { poolName: name, poolId: id, namespace });
  }

  /** Sends a command to the monitors. Wraps rados_mon_command. */
  monCommand(command: Command, input?: Uint8Array, o?: CallOptions): Promise<CommandReply> {
    return sendCommand(this.#handle, toMonitors(this.fsid), command, input, o);
  }

  /** Sends a command to the active manager. Wraps rados_mgr_command. */
  mgrCommand(command: Command, input?: Uint8Array, o?: CallOptions): Promise<CommandReply> {
    return sendCommand(this.#handle, toManager(this.fsid), command, input, o);
  }

  /** Sends a command to one OSD. Wraps rados_osd_command. */
  async osdCommand(id: number, command: Command, input?: Uint8Array, o?: CallOptions): Promise<CommandReply> {
    checkCount("rados_osd_command", this.#object, "id", id);
    return await sendCommand(this.#handle, toOsd(this.fsid, id), command, input, o);
  }

  /** The name of this cluster among its mirroring peers, "" without one. Wraps rbd_mirror_site_name_get. */
  mirrorSiteName(o?: CallOptions): Promise<string> {
    return read(this.#object, o, (operation) => native.getMirrorSiteName(this.#handle, operation));
  }

  /** Wraps rbd_mirror_site_name_set. */
  async setMirrorSiteName(name: string, o?: CallOptions): Promise<void> {
    checkText("rbd_mirror_site_name_set", this.#object, "name", name);
    await change(this.#object, o, (operation) => native.setMirrorSiteName(this.#handle, name, operation));
  }

  /**
   * Refuses new calls on the connection and on all that was opened through it, waits for the calls in flight, and closes
   * images, pools and the connection in that order. Idempotent. Wraps rados_shutdown.
   */
  async close(): Promise<void> {
    try {
      await native.close(this.#handle);
    } catch (error) {
      throw toRbdError(error, this.#object);
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}

export interface ConnectOptions extends CallOptions {
  /** Path of a ceph.conf; without it `$CEPH_CONF` or Ceph's default places. */
  readonly conf?: string | undefined;
  /** The user without its `client.`; `admin` without it. */
  readonly user?: string | undefined;
  /** Name of the cluster in file names; `ceph` without it. */
  readonly cluster?: string | undefined;
  /** Settings that override those of the file and of `$CEPH_ARGS`. */
  readonly settings?: Readonly<Record<string, string>> | undefined;
  /** How long connecting may take (`client_mount_timeout`); 30 unless the file sets it. 0 waits forever. */
  readonly mountTimeoutSeconds?: number | undefined;
  /** How long an answer of a monitor may take (`rados_mon_op_timeout`); 30 unless the file sets it. */
  readonly monTimeoutSeconds?: number | undefined;
  /** How long an answer of an OSD may take (`rados_osd_op_timeout`); 60 unless the file sets it. */
  readonly osdTimeoutSeconds?: number | undefined;
}

// Ceph's own defaults wait forever (five minutes to connect).
const timeouts = [
  { option: "mountTimeoutSeconds", setting: "client_mount_timeout", seconds: "30" },
  { option: "monTimeoutSeconds", setting: "rados_mon_op_timeout", seconds: "30" },
  { option: "osdTimeoutSeconds", setting: "rados_osd_op_timeout", seconds: "60" },
] as const;

/** The options, checked, in the form that the compiled part takes. */
function toNativeConnectOptions(object: string, o: ConnectOptions): NativeConnectOptions {
  const call = "rados_connect";
  const settings: string[] = [];
  const defaults: string[] = [];
  for (const { option, setting, seconds } of timeouts) {
    const given = o[option];
    if (given === undefined) defaults.push(setting, seconds);
    else settings.push(setting, String(checkCount(call, object, option, given)));
  }
  for (const [name, value] of Object.entries(o.settings ?? {})) {
    settings.push(checkName(call, object, "a setting's name", name), checkText(call, object, name, value));
  }
  return {
    cluster: checkName(call, object, "cluster", o.cluster ?? "ceph"),
    user: checkName(call, object, "user", o.user ?? "admin"),
    conf: o.conf === undefined ? undefined : checkName(call, object, "conf", o.conf),
    settings,
    defaults,
  };
}

/** A command as `ceph -f json` sends it: `{ prefix: "osd pool ls", format: "json" }`. */
export type Command = Readonly<Record<string, unknown>> & { readonly prefix: string };

export interface CommandReply {
  readonly output: Buffer;
  /** The status text that the daemon sends, often empty. */
  readonly status: string;
}

interface Target {
  readonly send: SendCommand;
  readonly object: string;
  readonly id?: number;
}

const toMonitors = (cluster: string): Target => ({
  send: native.monCommand,
  object: `${cluster} monitors`,
});
const toManager = (cluster: string): Target => ({
  send: native.mgrCommand,
  object: `${cluster} manager`,
});
const toOsd = (cluster: string, id: number): Target => ({
  send: native.osdCommand,
  object: `${cluster} osd.${id}`,
  id,
});

async function sendCommand(
  cluster: ClusterRef,
  target: Target,
  command: Command,
  input: Uint8Array | undefined,
  o: CallOptions | undefined,
): Promise<CommandReply> {
  if (input !== undefined) checkBytes("rados_command", target.object, "input", input);
  return await change(target.object, o, (operation) =>
    target.send(cluster, JSON.stringify(command), input, target.id, operation),
  );
}
