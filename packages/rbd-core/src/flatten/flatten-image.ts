import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import type { FlattenProgress } from "./flatten-queue.ts";
import { flattenRequestNote } from "./flatten-request.ts";

export interface FlattenImageOptions {
  /** Stops the copying. The copied data stays in the clone, and is not copied again. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: FlattenProgress) => void) | undefined;
}

export interface FlattenImageResult {
  image: ImageSpec;
  /** False when it had no parent. */
  flattened: boolean;
}

/**
 * Copies into a clone the data that it shares with its parent, and detaches it. The clone may be in use, and its content
 * stays the same. Removes a request for it (`requestFlatten`). (`rbd_flatten_with_progress`)
 *
 * @throws {CoppiceError} `INVALID_NAME`; `NOT_FOUND`; `CANCELED` or the signal's reason
 */
export async function flattenImage(
  cluster: Cluster,
  image: ImageSpecLike,
  options: FlattenImageOptions = {},
): Promise<FlattenImageResult> {
  const { signal, onProgress } = options;
  signal?.throwIfAborted();
  const spec = toImageOnly(image);
  const object = showImageSpec(spec);
  await using handle = await openImage(cluster, spec);
  return await withCoppiceErrors({ object, what: `${object} could not be flattened` }, async () => {
    const flattened = (await handle.parent()) !== null;
    if (flattened) await handle.flatten({ signal, onProgress: (progress) => onProgress?.(progress) });
    await flattenRequestNote.remove(handle);
    return { image: spec, flattened };
  });
}
