import type { Cluster } from "../../cluster/cluster.ts";
import { openImage } from "../../image/open-image.ts";
import { removeImage } from "../../image/remove-image.ts";
import type { ImageSpec } from "../../names/image-spec.ts";

/** Removes an image that an operation has just made, with the snapshots it made. */
export async function removeNewImage(cluster: Cluster, place: ImageSpec): Promise<void> {
  {
    await using image = await openImage(cluster, place);
    for (const { name } of (await image.listSnapshots()).toReversed()) {
      await image.removeSnapshot(name, { unprotect: true });
    }
  }
  await removeImage(cluster, place);
}
