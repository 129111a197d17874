import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { hasCode, withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";

/** What an operation made on its source, and does not need any more. */
export interface HeldSnapshot {
  name: string;
  id: bigint;
  /** It was created, so it is removed. */
  created: boolean;
  /** It was protected, so it is unprotected. */
  protected: boolean;
}

/**
 * Takes a snapshot of the source's away again, or leaves it as it was found. Should other clones hang on it by now, it
 * stays: it has become theirs.
 *
 * @returns whether it is as it was before the operation
 */
export async function releaseSnapshotStep(
  cluster: Cluster,
  source: ImageSpec,
  held: HeldSnapshot,
): Promise<boolean> {
  const object = showImageSpec({ ...source, snapshot: held.name });
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  return withCoppiceErrors({ object, what: `the snapshot ${object} could not be released` }, async () => {
    await using image = await ioCtx.openImage(source.image);
    const found = (await image.listSnapshots()).find(({ id }) => id === held.id);
    if (found === undefined) return true;
    if ((await image.listChildren(found.name)).length > 0) return false;
    if (held.protected && found.protected && !(await unprotected(image, found.name))) return false;
    if (held.created) await image.removeSnapshot(found.name);
    return true;
  });
}

/** Whether it worked; a clone of format 1 that was made in between holds it. */
async function unprotected(image: Image, name: string): Promise<boolean> {
  try {
    await image.unprotectSnapshot(name);
    return true;
  } catch (error) {
    if (hasCode(error, "BUSY")) return false;
    throw error;
  }
}
