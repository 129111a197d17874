import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";

/**
 * Moves an image to the trash, from where it can be restored. Its snapshots and clones stay as they are.
 * (`rbd_trash_move`)
 *
 * @throws {CoppiceError} `BUSY` while a client has it open; `IN_GROUP` while it belongs to a group, with Ceph 20. Older
 * ones let it go, and then nobody can list the group
 */
export async function moveToTrash(
  cluster: Cluster,
  image: ImageSpecLike,
  options: { /** How long it cannot be removed without force. Default 0. */ keepSeconds?: number } = {},
): Promise<void> {
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be moved to the trash` }, () =>
    ioCtx.trashMove(spec.image, { delaySeconds: options.keepSeconds ?? 0 }),
  );
}
