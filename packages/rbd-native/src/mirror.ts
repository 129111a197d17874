import type { OpenImage } from "./image/open-image.ts";
import { native } from "./internal/binding.ts";
import { type CallOptions, change, read } from "./internal/call.ts";
import { checkBits, checkName, checkText } from "./internal/check.ts";
import type { NativeMirrorInfo, NativeMirrorPeer, NativeMirrorStatus } from "./internal/native-types.ts";
import { type OpenPool, spec } from "./internal/open-pool.ts";

export interface MirrorPeer extends Omit<NativeMirrorPeer, "direction" | "lastSeen"> {
  readonly direction: MirrorDirection | "unknown";
  readonly lastSeen: Date;
}

/** Mirroring of a pool's namespace. */
export class PoolMirror {
  readonly #pool: OpenPool;

  /** Use {@link IoCtx.mirror}. */
  constructor(pool: OpenPool) {
    this.#pool = pool;
  }

  #read<T>(o: CallOptions | undefined, start: Parameters<typeof read<T>>[2]): Promise<T> {
    return read(spec(this.#pool), o, start);
  }

  #change<T>(o: CallOptions | undefined, start: Parameters<typeof change<T>>[2]): Promise<T> {
    return change(spec(this.#pool), o, start);
  }

  /** Wraps rbd_mirror_mode_get. */
  async mode(o?: CallOptions): Promise<MirrorMode | "unknown"> {
    const mode = await this.#read(o, (operation) => native.getMirrorMode(this.#pool.handle, operation));
    return mirrorModes[mode] ?? "unknown";
  }

  /** Wraps rbd_mirror_mode_set. */
  setMode(mode: MirrorMode, o?: CallOptions): Promise<void> {
    return this.#change(o, (operation) =>
      native.setMirrorMode(this.#pool.handle, mirrorModes.indexOf(mode), operation),
    );
  }

  /** This site's id for the pool. Wraps rbd_mirror_uuid_get. */
  uuid(o?: CallOptions): Promise<string> {
    return this.#read(o, (operation) => native.mirrorUuid(this.#pool.handle, operation));
  }

  /** A token for {@link importBootstrap} on the other cluster. Wraps rbd_mirror_peer_bootstrap_create. */
  createBootstrap(o?: CallOptions): Promise<string> {
    return this.#change(o, (operation) => native.createMirrorBootstrap(this.#pool.handle, operation));
  }

  /** Wraps rbd_mirror_peer_bootstrap_import. */
  async importBootstrap(direction: MirrorDirection, token: string, o?: CallOptions): Promise<void> {
    checkName("rbd_mirror_peer_bootstrap_import", spec(this.#pool), "token", token);
    await this.#change(o, (operation) =>
      native.importMirrorBootstrap(this.#pool.handle, mirrorDirections.indexOf(direction), token, operation),
    );
  }

  /** How many images are in each state. Wraps rbd_mirror_image_status_summary. */
  async statusSummary(o?: CallOptions): Promise<Map<MirrorStatusState, number>> {
    const summary = await this.#read(o, (operation) =>
      native.mirrorStatusSummary(this.#pool.handle, operation),
    );
    return new Map(summary.map(({ state, count }) => [statusState(state), count]));
  }

  /** By image id. Wraps rbd_mirror_image_global_status_list. */
  async listStatuses(o?: CallOptions): Promise<Map<string, MirrorStatus>> {
    const found = await this.#read(o, (operation) => native.listMirrorStatuses(this.#pool.handle, operation));
    return new Map(found.map(([id, status]) => [id, toMirrorStatus(status)]));
  }

  /** By image id; all mirrored images, or those of one mode. Wraps rbd_mirror_image_info_list. */
  async listInfos(mode?: MirrorImageMode, o?: CallOptions): Promise<Map<string, MirrorInfo>> {
    const wanted = mode === undefined ? -1 : mirrorImageModes.indexOf(mode);
    const found = await this.#read(o, (operation) =>
      native.listMirrorInfos(this.#pool.handle, wanted, operation),
    );
    return new Map(found.map(([id, info]) => [id, toMirrorInfo(info)]));
  }

  /** Which daemon handles an image, by image id. Wraps rbd_mirror_image_instance_id_list. */
  async listInstanceIds(o?: CallOptions): Promise<Map<string, string>> {
    return new Map(
      await this.#read(o, (operation) => native.listMirrorInstanceIds(this.#pool.handle, operation)),
    );
  }

  /** Wraps rbd_mirror_peer_site_list. */
  async listPeers(o?: CallOptions): Promise<MirrorPeer[]> {
    const peers = await this.#read(o, (operation) => native.listMirrorPeers(this.#pool.handle, operation));
    return peers.map((peer) => ({
      ...peer,
      direction: mirrorDirections[peer.direction] ?? "unknown",
      lastSeen: new Date(peer.lastSeen),
    }));
  }

  /** Gives the peer's uuid. Wraps rbd_mirror_peer_site_add. */
  async addPeer(
    direction: MirrorDirection,
    siteName: string,
    clientName: string,
    o?: CallOptions,
  ): Promise<string> {
    const call = "rbd_mirror_peer_site_add";
    checkName(call, spec(this.#pool), "siteName", siteName);
    checkName(call, spec(this.#pool), "clientName", clientName);
    return await this.#change(o, (operation) =>
      native.addMirrorPeer(
        this.#pool.handle,
        mirrorDirections.indexOf(direction),
        siteName,
        clientName,
        operation,
      ),
    );
  }

  /** Wraps rbd_mirror_peer_site_remove. */
  async removePeer(uuid: string, o?: CallOptions): Promise<void> {
    checkName("rbd_mirror_peer_site_remove", spec(this.#pool), "uuid", uuid);
    await this.#change(o, (operation) => native.removeMirrorPeer(this.#pool.handle, uuid, operation));
  }

  /** Wraps rbd_mirror_peer_site_set_name, rbd_mirror_peer_site_set_client_name and rbd_mirror_peer_site_set_direction. */
  async updatePeer(
    uuid: string,
    to: { readonly siteName?: string; readonly clientName?: string; readonly direction?: MirrorDirection },
    o?: CallOptions,
  ): Promise<void> {
    const { siteName, clientName, direction } = to;
    const { handle } = this.#pool;
    checkName("rbd_mirror_peer_site_set_name", spec(this.#pool), "uuid", uuid);
    if (siteName !== undefined) {
      checkName("rbd_mirror_peer_site_set_name", spec(this.#pool), "siteName", siteName);
      await this.#change(o, (operation) => native.setMirrorPeerSiteName(handle, uuid, siteName, operation));
    }
    if (clientName !== undefined) {
      checkName("rbd_mirror_peer_site_set_client_name", spec(this.#pool), "clientName", clientName);
      await this.#change(o, (operation) =>
        native.setMirrorPeerClientName(handle, uuid, clientName, operation),
      );
    }
    if (direction !== undefined) {
      const index = mirrorDirections.indexOf(direction);
      await this.#change(o, (operation) => native.setMirrorPeerDirection(handle, uuid, index, operation));
    }
  }

  /** `mon_host` and `key` among them. Wraps rbd_mirror_peer_site_get_attributes. */
  async peerAttributes(uuid: string, o?: CallOptions): Promise<Map<string, string>> {
    checkName("rbd_mirror_peer_site_get_attributes", spec(this.#pool), "uuid", uuid);
    const { keys, values } = await this.#read(o, (operation) =>
      native.getMirrorPeerAttributes(this.#pool.handle, uuid, operation),
    );
    return new Map(keys.map((key, i) => [key, values[i] ?? ""]));
  }

  /** Wraps rbd_mirror_peer_site_set_attributes. */
  async setPeerAttributes(
    uuid: string,
    attributes: ReadonlyMap<string, string>,
    o?: CallOptions,
  ): Promise<void> {
    const call = "rbd_mirror_peer_site_set_attributes";
    checkName(call, spec(this.#pool), "uuid", uuid);
    for (const [key, value] of attributes) {
      checkName(call, spec(this.#pool), "attribute", key);
      checkText(call, spec(this.#pool), key, value);
    }
    await this.#change(o, (operation) =>
      native.setMirrorPeerAttributes(
        this.#pool.handle,
        uuid,
        [...attributes.keys()],
        [...attributes.values()],
        operation,
      ),
    );
  }
}

const snapshotStates = ["primary", "primary-demoted", "non-primary", "non-primary-demoted"] as const;

export interface MirrorSnapshot {
  readonly state: (typeof snapshotStates)[number] | "unknown";
  readonly peerUuids: readonly string[];
  readonly complete: boolean;
  readonly primaryUuid: string;
  readonly primarySnapshotId: bigint;
  readonly lastCopiedObject: number;
}

export interface ForceOptions extends CallOptions {
  readonly force?: boolean | undefined;
}

/** Mirroring of an open image. */
export class ImageMirror {
  readonly #image: OpenImage;

  /** Use {@link Image.mirror}. */
  constructor(image: OpenImage) {
    this.#image = image;
  }

  /** Wraps rbd_mirror_image_enable2. */
  enable(mode: MirrorImageMode, o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.enableMirroring(this.#image.handle, mirrorImageModes.indexOf(mode), operation),
    );
  }

  /** Wraps rbd_mirror_image_disable. */
  disable(o?: ForceOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.disableMirroring(this.#image.handle, o?.force === true, operation),
    );
  }

  /** Makes this site's image primary; with `force` even if the other site was not demoted. Wraps rbd_mirror_image_promote. */
  promote(o?: ForceOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.promote(this.#image.handle, o?.force === true, operation),
    );
  }

  /** Wraps rbd_mirror_image_demote. */
  demote(o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) => native.demote(this.#image.handle, operation));
  }

  /** Requests a full copy from the other site. Wraps rbd_mirror_image_resync. */
  resync(o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) => native.resync(this.#image.handle, operation));
  }

  /** Takes a mirroring snapshot now and gives its id. Wraps rbd_mirror_image_create_snapshot2. */
  createSnapshot(
    o?: CallOptions & { readonly skipQuiesce?: boolean; readonly ignoreQuiesceError?: boolean },
  ): Promise<bigint> {
    const flags = (o?.skipQuiesce ? 1 : 0) | (o?.ignoreQuiesceError ? 2 : 0);
    return change(this.#image.spec, o, (operation) =>
      native.createMirrorSnapshot(this.#image.handle, flags, operation),
    );
  }

  /** Wraps rbd_mirror_image_get_info and rbd_mirror_image_get_mode. */
  async info(o?: CallOptions): Promise<MirrorInfo> {
    return toMirrorInfo(
      await read(this.#image.spec, o, (operation) => native.mirrorInfo(this.#image.handle, operation)),
    );
  }

  /** Wraps rbd_mirror_image_get_global_status. */
  async status(o?: CallOptions): Promise<MirrorStatus> {
    return toMirrorStatus(
      await read(this.#image.spec, o, (operation) => native.mirrorStatus(this.#image.handle, operation)),
    );
  }

  /** The daemon that handles the image. Wraps rbd_mirror_image_get_instance_id. */
  instanceId(o?: CallOptions): Promise<string> {
    return read(this.#image.spec, o, (operation) => native.mirrorInstanceId(this.#image.handle, operation));
  }

  /** The mirroring state of a snapshot of kind "mirror". Wraps rbd_snap_get_mirror_namespace. */
  async snapshot(id: bigint, o?: CallOptions): Promise<MirrorSnapshot> {
    checkBits("rbd_snap_get_mirror_namespace", this.#image.spec, "id", id);
    const found = await read(`${this.#image.spec}@#${id}`, o, (operation) =>
      native.snapshotMirror(this.#image.handle, id, operation),
    );
    return { ...found, state: snapshotStates[found.state] ?? "unknown" };
  }
}

const mirrorModes = ["disabled", "image", "pool"] as const;
export type MirrorMode = (typeof mirrorModes)[number];

const mirrorImageModes = ["journal", "snapshot"] as const;
export type MirrorImageMode = (typeof mirrorImageModes)[number];

const imageStates = ["disabling", "enabled", "disabled"] as const;
export type MirrorImageState = (typeof imageStates)[number] | "unknown";

const statusStates = [
  "unknown",
  "error",
  "syncing",
  "starting-replay",
  "replaying",
  "stopping-replay",
  "stopped",
] as const;
export type MirrorStatusState = (typeof statusStates)[number];

const mirrorDirections = ["rx", "tx", "rx-tx"] as const;
export type MirrorDirection = (typeof mirrorDirections)[number];

export interface MirrorInfo {
  /** The same on all sites; "" when mirroring is off. */
  readonly globalId: string;
  readonly state: MirrorImageState;
  readonly primary: boolean;
  /** Undefined when mirroring is off. */
  readonly mode: MirrorImageMode | undefined;
}

export interface MirrorSiteStatus {
  /** "" is this site. */
  readonly mirrorUuid: string;
  readonly state: MirrorStatusState;
  readonly description: string;
  readonly lastUpdate: Date;
  /** An rbd-mirror daemon of that site reports its status. */
  readonly up: boolean;
}

export interface MirrorStatus {
  readonly name: string;
  readonly info: MirrorInfo;
  readonly sites: readonly MirrorSiteStatus[];
}

function statusState(state: number): MirrorStatusState {
  return statusStates[state] ?? "unknown";
}

function toMirrorInfo(info: NativeMirrorInfo): MirrorInfo {
  return { ...info, state: imageStates[info.state] ?? "unknown", mode: mirrorImageModes[info.mode] };
}

function toMirrorStatus({ name, info, sites }: NativeMirrorStatus): MirrorStatus {
  return {
    name,
    info: toMirrorInfo(info),
    sites: sites.map((site) => ({
      ...site,
      state: statusState(site.state),
      lastUpdate: new Date(site.lastUpdate),
    })),
  };
}
