import type { CallOptions, ProgressOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { NativeTrashed } from "../internal/binding-types.ts";
import { change, read } from "../internal/call.ts";
import { checkCount, checkName, refuse } from "../internal/check.ts";
import { type Place, spec, specIn } from "./place.ts";

const sources = ["user", "mirroring", "migration", "removing", "user-parent"] as const;

/** Who moved an image to the trash. */
export type TrashSource = (typeof sources)[number] | "unknown";

export interface TrashedImage {
  readonly id: string;
  readonly name: string;
  readonly source: TrashSource;
  readonly deletedAt: Date;
  /** It cannot be removed before, except by force. */
  readonly deferredUntil: Date;
}

export interface TrashMoveOptions extends CallOptions {
  /** How long it cannot be removed; 0 without it. */
  readonly delaySeconds?: number | undefined;
}

export interface TrashRemoveOptions extends ProgressOptions {
  /** Before its time, too. */
  readonly force?: boolean | undefined;
}

export interface TrashPurgeOptions extends ProgressOptions {
  /** Only images whose deferment ended before; now without it. */
  readonly expiredBefore?: Date | undefined;
  /** Remove until the pool is used no more than this, from 0 to 1. */
  readonly threshold?: number | undefined;
}

function toTrashed(native: NativeTrashed): TrashedImage {
  const { id, name, source, deletedAt, deferredUntil } = native;
  return {
    id,
    name,
    source: sources[source] ?? "unknown",
    deletedAt: new Date(deletedAt),
    deferredUntil: new Date(deferredUntil),
  };
}

export async function listTrash(place: Place, o?: CallOptions): Promise<TrashedImage[]> {
  const images = await read(spec(place), o, (operation) => native.listTrash(place.handle, operation));
  return images.map(toTrashed);
}

export async function getTrash(place: Place, id: string, o?: CallOptions): Promise<TrashedImage> {
  const object = specIn(place, checkName("rbd_trash_get", spec(place), "id", id));
  return toTrashed(await read(object, o, (operation) => native.getTrash(place.handle, id, operation)));
}

export async function trashMove(place: Place, name: string, o?: TrashMoveOptions): Promise<void> {
  const object = specIn(place, checkName("rbd_trash_move", spec(place), "name", name));
  const delay = checkCount("rbd_trash_move", object, "delaySeconds", o?.delaySeconds ?? 0);
  await change(object, o, (operation) => native.trashMove(place.handle, name, delay, operation));
}

export async function trashRestore(place: Place, id: string, name: string, o?: CallOptions): Promise<void> {
  const object = specIn(place, checkName("rbd_trash_restore", spec(place), "id", id));
  checkName("rbd_trash_restore", object, "name", name);
  await change(object, o, (operation) => native.trashRestore(place.handle, id, name, operation));
}

export async function trashRemove(place: Place, id: string, o?: TrashRemoveOptions): Promise<void> {
  const object = specIn(place, checkName("rbd_trash_remove_with_progress", spec(place), "id", id));
  await change(object, o, (operation) => native.trashRemove(place.handle, id, o?.force === true, operation));
}

export async function trashPurge(place: Place, o?: TrashPurgeOptions): Promise<void> {
  const call = "rbd_trash_purge_with_progress";
  const threshold = o?.threshold ?? -1;
  if (Number.isNaN(threshold) || threshold > 1) refuse(call, spec(place), "threshold must be from 0 to 1");
  // librbd takes 0 as "now" only as a time long past: the moment is read here, once.
  const before = Math.floor((o?.expiredBefore ?? new Date()).getTime() / 1000);
  await change(spec(place), o, (operation) => native.trashPurge(place.handle, before, threshold, operation));
}
