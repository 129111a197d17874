import { type CopyOptions, toNativeNewImage } from "../image-options.ts";
import { native } from "../internal/binding.ts";
import { change, type ProgressOptions } from "../internal/call.ts";
import { checkCount, checkName } from "../internal/check.ts";
import { openPool, type PoolRef, specIn } from "../internal/open-pool.ts";
import type { OpenImage } from "./open-image.ts";

export interface CopyImageOptions extends Omit<CopyOptions, "flatten">, ProgressOptions {
  /** Runs of zeroes of at least this many bytes become holes; 4096 without it. */
  readonly sparseSize?: number | undefined;
}

const DEFAULT_SPARSE_SIZE = 4096;

export async function copyImage(
  image: OpenImage,
  to: PoolRef,
  name: string,
  o?: CopyImageOptions,
): Promise<void> {
  const call = "rbd_copy_with_progress4";
  image.checkUpToDate(call);
  const pool = to[openPool];
  const object = `${image.spec} to ${specIn(pool, checkName(call, image.spec, "name", name))}`;
  const options = toNativeNewImage(call, object, o);
  const sparseSize = checkCount(call, object, "sparseSize", o?.sparseSize ?? DEFAULT_SPARSE_SIZE);
  await change(object, o, (operation) =>
    native.copy(image.handle, pool.handle, name, options, sparseSize, operation),
  );
}

export async function copyOnto(image: OpenImage, target: OpenImage, o?: ProgressOptions): Promise<void> {
  for (const each of [image, target]) each.checkUpToDate("rbd_copy_with_progress2");
  await change(`${image.spec} to ${target.spec}`, o, (operation) =>
    native.copyOnto(image.handle, target.handle, operation),
  );
}

export async function deepCopyImage(
  image: OpenImage,
  to: PoolRef,
  name: string,
  o?: CopyOptions & ProgressOptions,
): Promise<void> {
  const call = "rbd_deep_copy_with_progress";
  image.checkUpToDate(call);
  const pool = to[openPool];
  const object = `${image.spec} to ${specIn(pool, checkName(call, image.spec, "name", name))}`;
  const options = toNativeNewImage(call, object, o);
  await change(object, o, (operation) =>
    native.deepCopy(image.handle, pool.handle, name, options, operation),
  );
}
