import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { openImage } from "../image/open-image.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/** Enlarges an image; never makes it smaller. (`rbd_resize2`) @param size Bytes. */
export async function growStep(cluster: Cluster, spec: ImageSpec, size: number): Promise<void> {
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec);
  await withCoppiceErrors({ object, what: `${object} could not be resized to ${size} bytes` }, () =>
    image.resize(size, { allowShrink: false }),
  );
}
