import { writeSteps } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { trashObject } from "../headers/object-names.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/**
 * Sees to it that an image can be removed again even when its pool is full by then. librbd removes images by way of the
 * trash, whose index it makes when it is first needed: in a full pool it cannot, and says that the image is not there.
 *
 * @throws {CoppiceError} `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function prepareRemoval(cluster: Cluster, place: ImageSpec): Promise<void> {
  const ioCtx = await cluster.pool(place.pool, place.namespace);
  await withCoppiceErrors({ object: showImageSpec(place) }, () =>
    ioCtx.objects.write(trashObject, [writeSteps.create()]),
  );
}
