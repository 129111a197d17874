import type { Cluster } from "../cluster/cluster.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { isHalfMade } from "./half-made.ts";

export interface WorkOptions {
  /** Librbd stops at its next step. What is done by then stays done. */
  signal?: AbortSignal | undefined;
  /** Librbd's own steps, usually objects. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Removes an image for good, with its data; also the name of one whose creation was never finished.
 * (`rbd_remove_with_progress`)
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
  await withCoppiceErrors({ object, what: `${object} could not be removed` }, async () => {
    const wasHalfMade = await isHalfMade(ioCtx, spec.image);
    try {
      await ioCtx.removeImage(spec.image, options);
    } catch (error) {
      // librbd removes what there is of it, and says that there was nothing.
      if (!wasHalfMade || !hasCode(error, "NOT_FOUND")) throw error;
    }
  });
}
