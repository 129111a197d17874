import { type IoCtx, writeSteps } from "rbd-native";
import { checkTarget } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import {
  decodeValue,
  directoryIdKey,
  directoryObject,
  encodeText,
  ignoreNotFound,
  imageIdObject,
  readImageId,
  readOmapValue,
} from "../headers/index.ts";
import { checkSize, openImage } from "../image/index.ts";
import {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
} from "../names/index.ts";

export interface ExtendVolumeOptions {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** Bytes; never less than it has. */
  size: number;
  /** Checked before the change, which is short. */
  signal?: AbortSignal | undefined;
}

export interface ExtendVolumeResult {
  volume: ImageSpec;
  /** Bytes. */
  from: number;
  to: number;
}

/**
 * Enlarges a volume, which may be in use. Never makes it smaller. (`rbd_resize2`)
 *
 * When the answer is lost, the size of the volume shows whether it was enlarged. It is never made smaller again, because
 * its user may have written to the new end by then.
 *
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`: the volume; `INVALID_ARGUMENT`: a size below the volume's
 */
export async function extendVolume(
  cluster: Cluster,
  { volume, size, signal }: ExtendVolumeOptions,
): Promise<ExtendVolumeResult> {
  signal?.throwIfAborted();
  const spec = toImageOnly(volume);
  const object = showImageSpec(spec);
  checkSize("extendVolume", object, size);
  const from = await readSize(cluster, spec);
  if (size < from) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "extendVolume",
      object,
      message: `${object} has ${from} bytes, and ${size} bytes would make it smaller`,
      hint: "Give at least the current size.",
    });
  }
  if (size > from) await enlarge(cluster, spec, size, signal);
  return { volume: spec, from, to: size };
}

async function enlarge(
  cluster: Cluster,
  spec: ImageSpec,
  size: number,
  signal: AbortSignal | undefined,
): Promise<void> {
  const object = showImageSpec(spec);
  signal?.throwIfAborted();
  try {
    await using image = await openImage(cluster, spec);
    await withCoppiceErrors({ object, what: `${object} could not be enlarged to ${size} bytes` }, () =>
      image.resize(size),
    );
  } catch (error) {
    if ((await readSize(cluster, spec)) !== size) throw error;
  }
}

async function readSize(cluster: Cluster, spec: ImageSpec): Promise<number> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return await withCoppiceErrors({ object: showImageSpec(spec) }, () => image.size());
}

export interface RenameVolumeOptions {
  /** `pool/[namespace/]image` */
  from: ImageSpecLike;
  /** The new name, in the same pool and namespace; free. */
  to: ImageSpecLike;
  /** Checked before the change, which is short. */
  signal?: AbortSignal | undefined;
}

/**
 * Renames a volume. Its snapshots and clones stay as they are: they refer to its id. (`rbd_rename`)
 *
 * When the answer is lost, the id shows which name the volume has. A renaming that was interrupted, so that the volume can
 * be opened by both names, is finished by the same call.
 *
 * @throws {CoppiceError} `INVALID_NAME`; `INVALID_ARGUMENT`: another pool or namespace; `NOT_FOUND`; `EXISTS`
 */
export async function renameVolume(
  cluster: Cluster,
  { from, to, signal }: RenameVolumeOptions,
): Promise<void> {
  signal?.throwIfAborted();
  const [source, target] = [toImageOnly(from), toImageOnly(to)];
  const object = showImageSpec(source);
  formatImageSpec(target);
  if (source.pool !== target.pool || source.namespace !== target.namespace) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "renameVolume",
      object,
      message: `${object} cannot be renamed to ${showImageSpec(target)}: Ceph renames only within a pool and namespace`,
      hint: "Make a full copy there, and delete this volume.",
    });
  }
  const id = await readId(cluster, source);
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  signal?.throwIfAborted();
  const isDone = await withCoppiceErrors({ object }, () =>
    finishRename(ioCtx, id, source.image, target.image),
  );
  if (isDone) return;
  await checkTarget(cluster, target);
  signal?.throwIfAborted();
  const place = { object, what: `${object} could not be renamed to ${showImageSpec(target)}` };
  try {
    await withCoppiceErrors(place, () => ioCtx.renameImage(source.image, target.image));
  } catch (error) {
    if (hasCode(error, "EXISTS") || !(await isThere(cluster, target, id))) throw error;
  }
}

/**
 * Deals with what an interrupted renaming of the same volume left. librbd makes an object for the new name, then changes the
 * directory, then removes the object of the old name: a volume that can be opened by both names stopped in between.
 *
 * @returns Whether the volume is renamed now; false also when nothing was left.
 */
async function finishRename(ioCtx: IoCtx, id: string, from: string, to: string): Promise<boolean> {
  if (from === to || (await ignoreNotFound(() => readImageId(ioCtx, to, undefined))) !== id) return false;
  const key = directoryIdKey(id);
  const listed = await readOmapValue(ioCtx, directoryObject, key, undefined);
  const name = listed && decodeValue(key, listed, (reader) => reader.string(), true);
  if (name !== from && name !== to) return false;
  // Only while it still holds this id: another image may get the name meanwhile.
  const steps = [writeSteps.compareData(0, encodeText(id)), writeSteps.remove()];
  await ioCtx.objects.write(imageIdObject(name === to ? from : to), steps);
  return name === to;
}

async function readId(cluster: Cluster, spec: ImageSpec): Promise<string> {
  await using image = await openImage(cluster, spec, { readOnly: true });
  return image.id;
}

async function isThere(cluster: Cluster, spec: ImageSpec, id: string): Promise<boolean> {
  try {
    return (await readId(cluster, spec)) === id;
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}
