import type { ProgressOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import type { ImageRef, OperationRef } from "../internal/binding-types.ts";
import { change } from "../internal/call.ts";
import { checkBits, checkCount, checkName } from "../internal/check.ts";
import { type Place, specIn } from "../ioctx/place.ts";
import { type CopyOptions, toNativeNewImage } from "../new-image-options.ts";
import { size as learnSize } from "./facts.ts";
import { checkUpToDate, type OpenImage } from "./open-image.ts";

export interface ResizeOptions extends ProgressOptions {
  /** Without it a smaller size is refused. */
  readonly allowShrink?: boolean | undefined;
}

export interface CopyImageOptions extends Omit<CopyOptions, "flatten">, ProgressOptions {
  /** Runs of zeroes of at least this many bytes become holes; the cluster's default without it. */
  readonly sparseSize?: number | undefined;
}

export async function resize(image: OpenImage, size: number, o?: ResizeOptions): Promise<void> {
  checkUpToDate(image, "rbd_resize2");
  checkCount("rbd_resize2", image.spec, "size", size);
  await change(image.spec, o, (operation) =>
    native.resize(image.handle, size, o?.allowShrink === true, operation),
  );
  await learnSize(image);
}

/** Calls that work through the whole image and take nothing else. */
export function workThrough(
  image: OpenImage,
  start: (image: ImageRef, operation: OperationRef | undefined) => Promise<void>,
  o?: ProgressOptions,
): Promise<void> {
  return change(image.spec, o, (operation) => start(image.handle, operation));
}

export async function sparsify(image: OpenImage, sparseSize: number, o?: ProgressOptions): Promise<void> {
  checkUpToDate(image, "rbd_sparsify_with_progress");
  checkCount("rbd_sparsify_with_progress", image.spec, "sparseSize", sparseSize);
  await change(image.spec, o, (operation) => native.sparsify(image.handle, sparseSize, operation));
}

export async function updateFeatures(
  image: OpenImage,
  features: bigint,
  enabled: boolean,
  o?: ProgressOptions,
): Promise<void> {
  checkBits("rbd_update_features", image.spec, "features", features);
  await change(image.spec, o, (operation) =>
    native.updateFeatures(image.handle, features, enabled, operation),
  );
}

const DEFAULT_SPARSE_SIZE = 4096;

export async function copy(image: OpenImage, to: Place, name: string, o?: CopyImageOptions): Promise<void> {
  const call = "rbd_copy_with_progress4";
  checkUpToDate(image, call);
  const object = `${image.spec} to ${specIn(to, checkName(call, image.spec, "name", name))}`;
  const options = toNativeNewImage(call, object, o);
  const sparseSize = checkCount(call, object, "sparseSize", o?.sparseSize ?? DEFAULT_SPARSE_SIZE);
  await change(object, o, (operation) =>
    native.copy(image.handle, to.handle, name, options, sparseSize, operation),
  );
}

export async function copyOnto(image: OpenImage, target: OpenImage, o?: ProgressOptions): Promise<void> {
  for (const one of [image, target]) checkUpToDate(one, "rbd_copy_with_progress2");
  await change(`${image.spec} to ${target.spec}`, o, (operation) =>
    native.copyOnto(image.handle, target.handle, operation),
  );
}

export async function deepCopy(
  image: OpenImage,
  to: Place,
  name: string,
  o?: CopyOptions & ProgressOptions,
): Promise<void> {
  const call = "rbd_deep_copy_with_progress";
  checkUpToDate(image, call);
  const object = `${image.spec} to ${specIn(to, checkName(call, image.spec, "name", name))}`;
  const options = toNativeNewImage(call, object, o);
  await change(object, o, (operation) => native.deepCopy(image.handle, to.handle, name, options, operation));
}
