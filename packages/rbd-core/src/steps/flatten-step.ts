import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import type { Advance } from "./step-runner.ts";

/** Copies into a clone what it shares with its parent, and detaches it. (`rbd_flatten_with_progress`) */
export async function flattenStep(
  cluster: Cluster,
  spec: ImageSpec,
  signal: AbortSignal | undefined,
  advance: Advance,
): Promise<void> {
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  await translated({ object, what: `${object} could not be flattened` }, async () => {
    await using image = await ioCtx.openImage(spec.image);
    await image.flatten({ signal, onProgress: ({ done, total }) => advance(done, total) });
  });
}
