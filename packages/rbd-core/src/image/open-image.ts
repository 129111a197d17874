import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageSpec } from "../names/to-image-spec.ts";

/**
 * Opens an image to read and write its data, or one of its snapshots to read it. The handle is the binding's:
 * close it with `await using`; its methods reject with `RbdError`. (`rbd_open`, `rbd_open_read_only`)
 *
 * @throws {CoppiceError} `NOT_FOUND`
 */
export async function openImage(
  cluster: Cluster,
  image: ImageSpecLike,
  options: { readOnly?: boolean } = {},
): Promise<Image> {
  const spec = toImageSpec(image);
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const snapshot = spec.snapshot === undefined ? {} : { snapshot: spec.snapshot, readOnly: true };
  return withCoppiceErrors({ object, what: `${object} could not be opened` }, () =>
    ioCtx.openImage(spec.image, { ...options, ...snapshot }),
  );
}
