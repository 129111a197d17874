import type { Cluster } from "../cluster/cluster.ts";
import { hasCode } from "../errors/to-coppice-error.ts";
import { type CreateImageOptions, createImage } from "../image/create-image.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { UndoLog } from "../undo/undo-log.ts";
import { removeIfOwn } from "./own-image.ts";

/**
 * Creates an image whose name was found free. The undo removes whatever has the name by then: it cannot be anybody
 * else's, because creating an image that is there already fails with `EXISTS`.
 */
export async function createImageStep(
  cluster: Cluster,
  target: ImageSpec,
  options: CreateImageOptions,
  undo: UndoLog,
): Promise<void> {
  undo.note(`the image ${showImageSpec(target)}`, () => removeIfOwn(cluster, target, () => true));
  try {
    await createImage(cluster, target, options);
  } catch (error) {
    if (hasCode(error, "EXISTS")) undo.forgetLast();
    throw error;
  }
}
