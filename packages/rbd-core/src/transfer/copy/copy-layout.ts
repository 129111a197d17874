import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import type { ImageHeader } from "../../headers/image-header.ts";
import { createImage } from "../../image/create-image.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { newImageFeatures } from "../new-image/new-image-features.ts";
import { unmarkedSize } from "../new-image/unmarked-size.ts";

/** What a copy of an image has from its source beside the data. */
export interface CopyLayout {
  readonly order: number;
  /** `RBD_FEATURE_*` bits that a copy can have. */
  readonly features: bigint;
  readonly stripeUnit: number;
  readonly stripeCount: number;
  /** Where the data is to be kept; `undefined`: in the copy's own pool. */
  readonly dataPool: { readonly name: string; readonly id: number } | undefined;
}

/** @throws {CoppiceError} `NOT_FOUND` for the pool; RbdError */
export async function layoutOf(
  image: Image,
  target: Cluster,
  dataPool: string | undefined,
): Promise<CopyLayout> {
  const { order } = await image.stat();
  const { unit: stripeUnit, count: stripeCount } = await image.stripe();
  const features = (await image.features()) & newImageFeatures;
  const pool = dataPool === undefined ? undefined : await target.pool(dataPool);
  return {
    order,
    features,
    stripeUnit,
    stripeCount,
    dataPool: pool && { name: pool.poolName, id: pool.poolId },
  };
}

/**
 * Makes an image of that layout with nothing in it, and not of the size it will have.
 *
 * @throws {CoppiceError} `EXISTS`
 */
export async function createCopy(
  cluster: Cluster,
  place: ImageSpec,
  { order, features, stripeUnit, stripeCount, dataPool }: CopyLayout,
): Promise<void> {
  const isStriped = stripeCount > 1 || stripeUnit !== 2 ** order;
  await createImage(cluster, place, {
    size: unmarkedSize,
    objectSize: 2 ** order,
    features,
    dataPool: dataPool?.name,
    ...(isStriped ? { stripeUnit, stripeCount } : {}),
  });
}

/** Whether an image is as {@link createCopy} leaves it. */
export function isBareCopy(header: ImageHeader, layout: CopyLayout): boolean {
  const { order, features, stripeUnit, stripeCount, dataPool } = layout;
  const isOurs =
    header.dataPoolId === (dataPool?.id ?? null) &&
    header.order === order &&
    (header.features & newImageFeatures) === features &&
    header.stripeUnit === stripeUnit &&
    header.stripeCount === stripeCount;
  const isEmpty = header.size === unmarkedSize && header.snapshotSequence === 0n;
  return isOurs && isEmpty && header.parent === null && header.group === null;
}
