import type { CallOptions } from "../call-options.ts";
import type { OpenImage } from "../image/open-image.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkBits } from "../internal/check.ts";
import {
  type MirrorImageMode,
  type MirrorInfo,
  type MirrorStatus,
  mirrorImageModes,
  toMirrorInfo,
  toMirrorStatus,
} from "./kinds.ts";

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

  /** Makes this site's image the one that is written; `force` although the other site was not demoted. Wraps rbd_mirror_image_promote. */
  promote(o?: ForceOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) =>
      native.promote(this.#image.handle, o?.force === true, operation),
    );
  }

  /** Wraps rbd_mirror_image_demote. */
  demote(o?: CallOptions): Promise<void> {
    return change(this.#image.spec, o, (operation) => native.demote(this.#image.handle, operation));
  }

  /** Asks for a full copy from the other site. Wraps rbd_mirror_image_resync. */
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

  /** What a snapshot of kind "mirror" is part of. Wraps rbd_snap_get_mirror_namespace. */
  async snapshot(id: bigint, o?: CallOptions): Promise<MirrorSnapshot> {
    checkBits("rbd_snap_get_mirror_namespace", this.#image.spec, "id", id);
    const found = await read(`${this.#image.spec}@#${id}`, o, (operation) =>
      native.snapshotMirror(this.#image.handle, id, operation),
    );
    return { ...found, state: snapshotStates[found.state] ?? "unknown" };
  }
}
