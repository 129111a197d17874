import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { UndoLog } from "../undo/undo-log.ts";

/**
 * Notes an image that this operation made and whose id it knows, whatever becomes of it later (a clone loses its
 * parent when it is flattened, and is recognised by its id alone).
 */
export function noteOwnImage(cluster: Cluster, image: ImageSpec, id: string, undo: UndoLog): void {
  undo.note(`the image ${showImageSpec(image)}`, () => removeIfOwn(cluster, image, (found) => found === id));
}

/** Removes an image if it is there and is the one meant. It must have no snapshots any more. */
export async function removeIfOwn(
  cluster: Cluster,
  spec: ImageSpec,
  isOwn: (id: string) => boolean,
): Promise<void> {
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  try {
    await using image = await ioCtx.openImage(spec.image, { readOnly: true });
    if (!isOwn(image.id)) {
      throw new CoppiceError({
        code: "EXISTS",
        call: "removeIfOwn",
        object: showImageSpec(spec),
        message: "an image of this name appeared meanwhile, and is another one",
      });
    }
  } catch (error) {
    if (hasCode(error, "NOT_FOUND")) return;
    throw error;
  }
  await ioCtx.removeImage(spec.image);
}
