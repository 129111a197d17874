import { z } from "zod";
import { parentRefSchema, readParentRefs, releaseParents } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { hasCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec, toImageOnly } from "../names/index.ts";
import { beginOperation, fenceDeadClient, type Operation, type Recover } from "../operation/index.ts";
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
 * stays the same. The snapshot that Coppice made by itself on the parent goes with its last clone. Removes a request for
 * the flatten (`requestFlatten`). (`rbd_flatten_with_progress`)
 *
 * A flatten that was interrupted is continued by the same call: what was copied stays in the clone.
 *
 * @throws {CoppiceError} `INVALID_NAME`; `NOT_FOUND`; `BUSY` while another process flattens it; `CANCELED` or the
 * signal's reason
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
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const parents = await withCoppiceErrors({ object }, () => readParentRefs(ioCtx, handle.id));
  const details: FlattenDetails = { pool: spec.pool, namespace: spec.namespace, id: handle.id, parents };
  const request = { image: spec, purpose: "flatten", kind: "flatten", details, signal };
  await using operation = await beginOperation(cluster, request);
  return await withCoppiceErrors({ object, what: `${object} could not be flattened` }, async () => {
    await fenceDeadClient(cluster, handle, operation);
    // After the copying the clone does not tell any more what its parent was.
    if (operation.interrupted !== null && parents.length > 0) await operation.update(details);
    let flattened: boolean;
    try {
      flattened = (await handle.parent()) !== null;
      const progress = { onProgress: (each: FlattenProgress) => onProgress?.(each) };
      if (flattened) await handle.flatten({ signal: operation.signal, ...progress });
      await flattenRequestNote.remove(handle);
    } catch (error) {
      // Nothing has to be undone: the copied data is the clone's own.
      if (!hasCode(error, "LEASE_LOST")) await Promise.allSettled([operation.end()]);
      throw error;
    }
    await releaseFormer(cluster, operation);
    await operation.end();
    return { image: spec, flattened };
  });
}

const schema = z.object({
  pool: z.string(),
  namespace: z.string(),
  id: z.string(),
  /** What the clone was a clone of. */
  parents: z.array(parentRefSchema).default([]),
});
type FlattenDetails = z.infer<typeof schema>;

/** Releases what the parent has for its clones alone, see `releaseParents`. */
async function releaseFormer(cluster: Cluster, operation: Operation): Promise<void> {
  const details = schema.safeParse(operation.record.details).data;
  if (details === undefined) return;
  await releaseParents(cluster, details.parents, (parents) => operation.update({ ...details, parents }));
}

/**
 * Finishes an interrupted flatten, of the image with the recorded id, whatever its name is by now.
 *
 * @throws {CoppiceError}
 */
export const recoverFlatten: Recover = async (cluster, operation: Operation) => {
  const details = schema.safeParse(operation.record.details).data;
  const name = operation.record.image;
  if (details === undefined)
    return { outcome: "left", what: `what was to be flattened as ${name} is not recorded` };
  const { pool, namespace, id } = details;
  const object = showImageSpec({ pool, namespace, image: name });
  const ioCtx = await cluster.pool(pool, namespace);
  return await withCoppiceErrors({ object, what: `${object} could not be flattened` }, async () => {
    try {
      await using handle = await ioCtx.openImage({ id });
      await fenceDeadClient(cluster, handle, operation);
      if ((await handle.parent()) !== null) await handle.flatten({ signal: operation.signal });
      await flattenRequestNote.remove(handle);
      await releaseFormer(cluster, operation);
      return { outcome: "finished", what: `${object} is flattened` };
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
      return { outcome: "undone", what: `${object} is gone` };
    }
  });
};
