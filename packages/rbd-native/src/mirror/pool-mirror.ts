import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { NativeMirrorPeer } from "../internal/binding-types.ts";
import { change, read } from "../internal/call.ts";
import { checkName, checkText } from "../internal/check.ts";
import { type Place, spec } from "../ioctx/place.ts";
import {
  type MirrorDirection,
  type MirrorImageMode,
  type MirrorInfo,
  type MirrorMode,
  type MirrorStatus,
  type MirrorStatusState,
  mirrorDirections,
  mirrorImageModes,
  mirrorModes,
  statusState,
  toMirrorInfo,
  toMirrorStatus,
} from "./kinds.ts";

export interface MirrorPeer extends Omit<NativeMirrorPeer, "direction" | "lastSeen"> {
  readonly direction: MirrorDirection | "unknown";
  readonly lastSeen: Date;
}

/** Mirroring of a pool's namespace. */
export class PoolMirror {
  readonly #place: Place;

  /** Use {@link IoCtx.mirror}. */
  constructor(place: Place) {
    this.#place = place;
  }

  #read<T>(o: CallOptions | undefined, start: Parameters<typeof read<T>>[2]): Promise<T> {
    return read(spec(this.#place), o, start);
  }

  #change<T>(o: CallOptions | undefined, start: Parameters<typeof change<T>>[2]): Promise<T> {
    return change(spec(this.#place), o, start);
  }

  /** Wraps rbd_mirror_mode_get. */
  async mode(o?: CallOptions): Promise<MirrorMode | "unknown"> {
    const mode = await this.#read(o, (operation) => native.getMirrorMode(this.#place.handle, operation));
    return mirrorModes[mode] ?? "unknown";
  }

  /** Wraps rbd_mirror_mode_set. */
  setMode(mode: MirrorMode, o?: CallOptions): Promise<void> {
    return this.#change(o, (operation) =>
      native.setMirrorMode(this.#place.handle, mirrorModes.indexOf(mode), operation),
    );
  }

  /** This site's id for the pool. Wraps rbd_mirror_uuid_get. */
  uuid(o?: CallOptions): Promise<string> {
    return this.#read(o, (operation) => native.mirrorUuid(this.#place.handle, operation));
  }

  /** A token for {@link importBootstrap} on the other cluster. Wraps rbd_mirror_peer_bootstrap_create. */
  createBootstrap(o?: CallOptions): Promise<string> {
    return this.#change(o, (operation) => native.createMirrorBootstrap(this.#place.handle, operation));
  }

  /** Wraps rbd_mirror_peer_bootstrap_import. */
  async importBootstrap(direction: MirrorDirection, token: string, o?: CallOptions): Promise<void> {
    checkName("rbd_mirror_peer_bootstrap_import", spec(this.#place), "token", token);
    await this.#change(o, (operation) =>
      native.importMirrorBootstrap(this.#place.handle, mirrorDirections.indexOf(direction), token, operation),
    );
  }

  /** How many images are in each state. Wraps rbd_mirror_image_status_summary. */
  async statusSummary(o?: CallOptions): Promise<Map<MirrorStatusState, number>> {
    const summary = await this.#read(o, (operation) =>
      native.mirrorStatusSummary(this.#place.handle, operation),
    );
    return new Map(summary.map(({ state, count }) => [statusState(state), count]));
  }

  /** By image id. Wraps rbd_mirror_image_global_status_list. */
  async listStatuses(o?: CallOptions): Promise<Map<string, MirrorStatus>> {
    const found = await this.#read(o, (operation) =>
      native.listMirrorStatuses(this.#place.handle, operation),
    );
    return new Map(found.map(([id, status]) => [id, toMirrorStatus(status)]));
  }

  /** By image id; all mirrored images, or those of one mode. Wraps rbd_mirror_image_info_list. */
  async listInfos(mode?: MirrorImageMode, o?: CallOptions): Promise<Map<string, MirrorInfo>> {
    const wanted = mode === undefined ? -1 : mirrorImageModes.indexOf(mode);
    const found = await this.#read(o, (operation) =>
      native.listMirrorInfos(this.#place.handle, wanted, operation),
    );
    return new Map(found.map(([id, info]) => [id, toMirrorInfo(info)]));
  }

  /** Which daemon handles an image, by image id. Wraps rbd_mirror_image_instance_id_list. */
  async listInstanceIds(o?: CallOptions): Promise<Map<string, string>> {
    return new Map(
      await this.#read(o, (operation) => native.listMirrorInstanceIds(this.#place.handle, operation)),
    );
  }

  /** Wraps rbd_mirror_peer_site_list. */
  async listPeers(o?: CallOptions): Promise<MirrorPeer[]> {
    const peers = await this.#read(o, (operation) => native.listMirrorPeers(this.#place.handle, operation));
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
    checkName(call, spec(this.#place), "siteName", siteName);
    checkName(call, spec(this.#place), "clientName", clientName);
    return await this.#change(o, (operation) =>
      native.addMirrorPeer(
        this.#place.handle,
        mirrorDirections.indexOf(direction),
        siteName,
        clientName,
        operation,
      ),
    );
  }

  /** Wraps rbd_mirror_peer_site_remove. */
  async removePeer(uuid: string, o?: CallOptions): Promise<void> {
    checkName("rbd_mirror_peer_site_remove", spec(this.#place), "uuid", uuid);
    await this.#change(o, (operation) => native.removeMirrorPeer(this.#place.handle, uuid, operation));
  }

  /** Wraps rbd_mirror_peer_site_set_name, rbd_mirror_peer_site_set_client_name and rbd_mirror_peer_site_set_direction. */
  async updatePeer(
    uuid: string,
    to: { readonly siteName?: string; readonly clientName?: string; readonly direction?: MirrorDirection },
    o?: CallOptions,
  ): Promise<void> {
    const { siteName, clientName, direction } = to;
    const { handle } = this.#place;
    checkName("rbd_mirror_peer_site_set_name", spec(this.#place), "uuid", uuid);
    if (siteName !== undefined) {
      checkName("rbd_mirror_peer_site_set_name", spec(this.#place), "siteName", siteName);
      await this.#change(o, (operation) => native.setMirrorPeerSiteName(handle, uuid, siteName, operation));
    }
    if (clientName !== undefined) {
      checkName("rbd_mirror_peer_site_set_client_name", spec(this.#place), "clientName", clientName);
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
    checkName("rbd_mirror_peer_site_get_attributes", spec(this.#place), "uuid", uuid);
    const { keys, values } = await this.#read(o, (operation) =>
      native.getMirrorPeerAttributes(this.#place.handle, uuid, operation),
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
    checkName(call, spec(this.#place), "uuid", uuid);
    for (const [key, value] of attributes) {
      checkName(call, spec(this.#place), "attribute", key);
      checkText(call, spec(this.#place), key, value);
    }
    await this.#change(o, (operation) =>
      native.setMirrorPeerAttributes(
        this.#place.handle,
        uuid,
        [...attributes.keys()],
        [...attributes.values()],
        operation,
      ),
    );
  }
}
