import { checkTarget } from "../clone/check-target.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { openImage } from "../image/open-image.ts";
import { formatImageSpec, showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";

export interface RenameVolumeOptions {
  /** `pool/[namespace/]image` */
  from: ImageSpecLike;
  /** The new name, in the same pool and namespace; free. */
  to: ImageSpecLike;
  /** Looked at before the change, which takes a moment only. */
  signal?: AbortSignal | undefined;
}

/**
 * Gives a volume another name. Its snapshots and clones stay as they are: they go by its id. (`rbd_rename`)
 *
 * When the answer is lost, the id says which name the volume has by now.
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
      message: `${object} cannot be renamed to ${showImageSpec(target)}: that is another place`,
      hint: "Make a full copy there, and delete the volume here.",
    });
  }
  const id = await readId(cluster, source);
  await checkTarget(cluster, target);
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  signal?.throwIfAborted();
  const place = { object, what: `${object} could not be renamed to ${showImageSpec(target)}` };
  try {
    await withCoppiceErrors(place, () => ioCtx.renameImage(source.image, target.image));
  } catch (error) {
    if (hasCode(error, "EXISTS") || !(await isThere(cluster, target, id))) throw error;
  }
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
