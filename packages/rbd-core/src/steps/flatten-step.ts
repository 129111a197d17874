import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { Advance } from "./step-runner.ts";

/**
 * Copies into a clone what it shares with its parent, and detaches it, wherever it is by now: renamed, or in the trash.
 * One that has no parent any more is left alone. (`rbd_flatten_with_progress`)
 *
 * @param spec Its place; the name is for messages.
 * @throws {CoppiceError} `NOT_FOUND` once it is gone; the signal's reason
 */
export async function flattenStep(
  cluster: Cluster,
  spec: ImageSpec,
  id: string,
  signal: AbortSignal | undefined,
  advance: Advance,
): Promise<void> {
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await withCoppiceErrors({ object, what: `${object} could not be flattened` }, async () => {
    await using image = await ioCtx.openImage({ id });
    if ((await image.parent()) === null) return;
    await image.flatten({ signal, onProgress: ({ done, total }) => advance(done, total) });
  });
}
