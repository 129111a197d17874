import type { Cluster } from "../cluster/cluster.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { formatImageSpec } from "../names/format-image-spec.ts";
import { type ImageSpecLike, toImageOnly } from "../names/to-image-spec.ts";
import { halfMade, isHalfMade } from "./half-made.ts";

export interface CreateImageOptions {
  /** Bytes. */
  size: number;
  /** `RBD_FEATURE_*` bits. Default: what the cluster configures. */
  features?: bigint | undefined;
  /** Bytes, a power of two. Default: what the cluster configures, usually 4 MiB. */
  objectSize?: number | undefined;
  /** Bytes. */
  stripeUnit?: number | undefined;
  stripeCount?: number | undefined;
  /** Keeps the data in another pool. */
  dataPool?: string | undefined;
}

/**
 * Creates an empty image. (`rbd_create4`)
 *
 * @throws {CoppiceError} `EXISTS`; `NOT_FOUND` for the pool; `INVALID_NAME` when no spec could name the image
 */
export async function createImage(
  cluster: Cluster,
  image: ImageSpecLike,
  { objectSize, ...options }: CreateImageOptions,
): Promise<void> {
  const spec = toImageOnly(image);
  const object = formatImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const order = objectSize === undefined ? {} : { order: Math.log2(objectSize) };
  await withCoppiceErrors({ object, what: `${object} could not be created` }, async () => {
    try {
      await ioCtx.createImage(spec.image, { ...options, ...order });
    } catch (error) {
      if (hasCode(error, "EXISTS") && (await isHalfMade(ioCtx, spec.image)))
        throw halfMade(object, "createImage");
      throw error;
    }
  });
}
