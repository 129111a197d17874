import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";

export interface WorkOptions {
  /** Librbd stops at its next step. What is done by then stays done. */
  signal?: AbortSignal | undefined;
  /** Librbd's own steps, usually objects. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Removes an image for good, with its data. (`rbd_remove_with_progress`)
 *
 * @throws {CoppiceError} `NOT_EMPTY` while it has snapshots, `BUSY` while a client has it open,
 * `IN_GROUP` while it belongs to a group
 */
export async function removeImage(
  cluster: Cluster,
  image: ImageSpecLike,
  options: WorkOptions = {},
): Promise<void> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await translated({ object, what: `${object} could not be removed` }, () =>
    ioCtx.removeImage(spec.image, options),
  );
}
