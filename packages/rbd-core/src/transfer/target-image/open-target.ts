import { type Image, type IoCtx, tuneForCopies } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import { withCoppiceErrors } from "../../errors/to-coppice-error.ts";
import { imageFeatures } from "../../image/features.ts";
import { openImage } from "../../image/open-image.ts";
import { showImageSpec } from "../../names/format-image-spec.ts";
import type { ImageSpec } from "../../names/image-spec.ts";
import { checkRoom } from "./check-room.ts";

/** An image that is copied to. */
export interface Target extends AsyncDisposable {
  readonly cluster: Cluster;
  readonly place: ImageSpec;
  /** `pool/[namespace/]image`, for messages. */
  readonly spec: string;
  readonly ioCtx: IoCtx;
  /** Open for writing. */
  readonly image: Image;
  /** Whether everything that is done to it has to be written to a journal first. */
  readonly hasJournal: boolean;
}

/**
 * @throws {CoppiceError} `NOT_FOUND`, `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function openTarget(
  cluster: Cluster,
  place: ImageSpec,
  signal: AbortSignal | undefined,
): Promise<Target> {
  const spec = showImageSpec(place);
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await checkRoom(cluster, ioCtx.poolId, signal);
  await withCoppiceErrors({ object: spec }, () => tuneForCopies(ioCtx, { signal }));
  await using opened = new AsyncDisposableStack();
  const image = opened.use(await openImage(cluster, place));
  const dataPoolId = await withCoppiceErrors({ object: spec }, () => image.dataPoolId({ signal }));
  if (dataPoolId !== ioCtx.poolId) await checkRoom(cluster, dataPoolId, signal);
  const features = await withCoppiceErrors({ object: spec }, () => image.features({ signal }));
  const hasJournal = (features & imageFeatures.journaling) !== 0n;
  const open = opened.move();
  return { cluster, place, spec, ioCtx, image, hasJournal, [Symbol.asyncDispose]: () => open.disposeAsync() };
}
