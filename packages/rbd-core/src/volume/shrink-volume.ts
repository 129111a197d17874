import type { Image } from "rbd-native";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { CoppiceError, withCoppiceErrors } from "../errors/index.ts";
import { checkSize, imageFeatures, openImage } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";

export interface ShrinkPlanOptions extends CallOptions {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** Bytes; less than it has. */
  size: number;
}

export interface ShrinkPlan {
  volume: ImageSpec;
  /** Bytes. */
  from: number;
  to: number;
  /**
   * Bytes of data that lie behind the new end, and are lost; for a clone with what it reads from its parent there, which librbd
   * may count in whole objects. Snapshots keep theirs.
   */
  discards: number;
  /** How many other clients have the volume open. It is not made smaller while there are any. */
  openElsewhere: number;
}

/**
 * Returns what {@link shrinkVolume} would do, and changes nothing. While a client writes to the volume, `discards` may be out
 * of date when it is returned. (`rbd_diff_iterate3`)
 *
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`: the volume; `INVALID_ARGUMENT`: a size that does not make it smaller
 */
export async function planShrink(
  cluster: Cluster,
  { volume, size, signal }: ShrinkPlanOptions,
): Promise<ShrinkPlan> {
  signal?.throwIfAborted();
  const spec = toImageOnly(volume);
  await using image = await openImage(cluster, spec, { readOnly: true, signal });
  return await withCoppiceErrors({ object: showImageSpec(spec) }, async () => {
    const plan = await measure(image, spec, size, signal);
    // A handle that is open for reading has no watcher of its own.
    return { ...plan, openElsewhere: (await image.listWatchers({ signal })).length };
  });
}

export interface ShrinkVolumeOptions extends ShrinkPlanOptions {
  /** Agrees that data behind the new end is lost. Default false: then a volume that has any there is left as it is. */
  discardData?: boolean | undefined;
  /** Called with librbd's own steps. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Makes a volume smaller, and frees what lies behind the new end. The volume must not be open elsewhere: a file system or
 * guest that uses it does not expect this. Its snapshots keep their size. (`rbd_resize2`)
 *
 * librbd frees the objects first and then writes the size. When it is stopped in between, the volume has its size and has
 * lost some of the data behind the new end; the same call finishes this.
 *
 * @throws {CoppiceError} `INVALID_NAME`, `NOT_FOUND`: the volume; `INVALID_ARGUMENT`: a size that does not make it smaller;
 * `BUSY`: another client has it open; `NOT_EMPTY`: there is data behind the new end, and `discardData` is not given
 */
export async function shrinkVolume(
  cluster: Cluster,
  { volume, size, discardData = false, signal, onProgress }: ShrinkVolumeOptions,
): Promise<Omit<ShrinkPlan, "openElsewhere">> {
  signal?.throwIfAborted();
  const spec = toImageOnly(volume);
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec);
  return await withCoppiceErrors({ object, what: `${object} could not be made smaller` }, async () => {
    const others = (await image.listWatchers({ signal })).length - 1;
    if (others > 0) throw openElsewhere(object, others);
    // Whoever opens the volume from now on cannot write to it before this is done.
    const hasLock = ((await image.features({ signal })) & imageFeatures["exclusive-lock"]) !== 0n;
    if (hasLock) await image.acquireExclusiveLock({ signal });
    const plan = await measure(image, spec, size, signal);
    if (plan.discards > 0 && !discardData) throw holdsData(object, plan);
    signal?.throwIfAborted();
    await image.resize(size, { allowShrink: true, ...(onProgress ? { onProgress } : {}) });
    return plan;
  });
}

/** @throws {CoppiceError} `INVALID_ARGUMENT`; RbdError */
async function measure(
  image: Image,
  volume: ImageSpec,
  size: number,
  signal: AbortSignal | undefined,
): Promise<Omit<ShrinkPlan, "openElsewhere">> {
  const object = showImageSpec(volume);
  checkSize("shrinkVolume", object, size);
  const from = await image.size({ signal });
  if (size >= from) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "shrinkVolume",
      object,
      message: `${object} has ${from} bytes, and ${size} bytes would not make it smaller`,
      hint: "Give less than the current size, or extend it.",
    });
  }
  return { volume, from, to: size, discards: await dataBehind(image, size, from, signal) };
}

/** The bytes of data in a range of an image's head, what it shares with its parent included. */
async function dataBehind(
  image: Image,
  start: number,
  end: number,
  signal: AbortSignal | undefined,
): Promise<number> {
  // The object map, where there is one, tells at once which objects exist; only between the first and last is looked closer.
  let [first, last] = [end, start];
  const coarse = { includeParent: true, wholeObject: true, signal };
  for await (const batch of image.diffIterate({ ...coarse, offset: start, length: end - start })) {
    for (let i = 0; i < batch.count; i++) {
      first = Math.min(first, batch.offset(i));
      last = Math.max(last, batch.offset(i) + batch.length(i));
    }
  }
  [first, last] = [Math.max(first, start), Math.min(last, end)];
  if (first >= last) return 0;
  let bytes = 0;
  const exact = { includeParent: true, signal };
  for await (const batch of image.diffIterate({ ...exact, offset: first, length: last - first })) {
    for (let i = 0; i < batch.count; i++) if (batch.exists(i)) bytes += batch.length(i);
  }
  return bytes;
}

function openElsewhere(object: string, others: number): CoppiceError {
  return new CoppiceError({
    code: "BUSY",
    call: "shrinkVolume",
    object,
    message: `${object} is open in ${others === 1 ? "another client" : `${others} other clients`}`,
    hint: "Stop what uses it. The watcher of a client that died disappears after half a minute.",
  });
}

function holdsData(object: string, { to, discards }: Omit<ShrinkPlan, "openElsewhere">): CoppiceError {
  return new CoppiceError({
    code: "NOT_EMPTY",
    call: "shrinkVolume",
    object,
    message: `${object} has ${discards} bytes of data behind byte ${to}, which would be lost`,
    hint: "Shrink the file system or partition in it first, or agree that this data is lost.",
  });
}
