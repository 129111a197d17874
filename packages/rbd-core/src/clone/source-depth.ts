import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { ParentLink } from "../inventory/inventory-row.ts";
import { readParent } from "../inventory/librbd-reader.ts";

export interface SourceDepth {
  /** How many images are above. */
  depth: number;
  /** Why there may be more of them: an ancestor could not be read. */
  unreadable: CoppiceError | null;
}

/** Walks up from parent to parent, through other pools and the trash. `parent` is the source's own. */
export async function sourceDepth(cluster: Cluster, parent: ParentLink | null): Promise<SourceDepth> {
  let depth = 0;
  try {
    for (let link = parent; link !== null; depth++) {
      const { poolName, namespace, imageId, imageName } = link;
      const object = `${poolName}/${namespace === "" ? "" : `${namespace}/`}${imageName}`;
      link = await withCoppiceErrors({ object }, async () => {
        const ioCtx = await cluster.pool(poolName, namespace);
        await using image = await ioCtx.openImage({ id: imageId }, { readOnly: true });
        // Awaited here: the image must stay open until it has answered.
        return await readParent(image);
      });
    }
  } catch (error) {
    if (error instanceof CoppiceError) return { depth: depth + 1, unreadable: error };
    throw error;
  }
  return { depth, unreadable: null };
}
