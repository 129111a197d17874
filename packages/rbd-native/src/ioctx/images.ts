import type { CallOptions, ProgressOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkBits, checkCount, checkName } from "../internal/check.ts";
import { type CloneOptions, type NewImageOptions, toNativeNewImage } from "../new-image-options.ts";
import { type Place, spec, specIn } from "./place.ts";

export interface ImageEntry {
  /** Empty for an image of the old format. */
  readonly id: string;
  readonly name: string;
}

export interface CreateImageOptions extends NewImageOptions, CallOptions {
  /** Bytes. */
  readonly size: number;
}

export function listImages(place: Place, o?: CallOptions): Promise<ImageEntry[]> {
  return read(spec(place), o, (operation) => native.listImages(place.handle, operation));
}

export async function createImage(place: Place, name: string, o: CreateImageOptions): Promise<void> {
  const call = "rbd_create4";
  const object = specIn(place, checkName(call, spec(place), "name", name));
  const size = checkCount(call, object, "size", o.size);
  const options = toNativeNewImage(call, object, o);
  await change(object, o, (operation) => native.createImage(place.handle, name, size, options, operation));
}

export async function cloneImage(
  parent: Place & { readonly image: string; readonly snapshot: string | bigint },
  place: Place,
  target: string,
  o?: CloneOptions & CallOptions,
): Promise<void> {
  const { snapshot } = parent;
  const byId = typeof snapshot === "bigint";
  const call = byId ? "rbd_clone4" : "rbd_clone3";
  const image = specIn(parent, checkName(call, spec(parent), "image", parent.image));
  const source = byId ? `${image}@#${snapshot}` : `${image}@${snapshot}`;
  if (byId) checkBits(call, source, "snapshot", snapshot);
  else checkName(call, source, "snapshot", snapshot);
  const object = specIn(place, checkName(call, spec(place), "target", target));
  const options = toNativeNewImage(call, object, o);
  await change(`${object} from ${source}`, o, (operation) =>
    native.cloneImage(parent.handle, parent.image, snapshot, place.handle, target, options, operation),
  );
}

export async function removeImage(place: Place, name: string, o?: ProgressOptions): Promise<void> {
  const object = specIn(place, checkName("rbd_remove_with_progress", spec(place), "name", name));
  await change(object, o, (operation) => native.removeImage(place.handle, name, operation));
}

export async function renameImage(place: Place, from: string, to: string, o?: CallOptions): Promise<void> {
  const object = specIn(place, checkName("rbd_rename", spec(place), "from", from));
  checkName("rbd_rename", object, "to", to);
  await change(object, o, (operation) => native.renameImage(place.handle, from, to, operation));
}
