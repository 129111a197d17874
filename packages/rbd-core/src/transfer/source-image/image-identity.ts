import type { Image } from "rbd-native";
import type { Cluster } from "../../cluster/cluster.ts";
import type { ImageSpec } from "../../names/image-spec.ts";

/** Which image something is of: ids that are never used again, and the names at the time. */
export interface ImageIdentity {
  readonly fsid: string;
  readonly poolId: number;
  readonly imageId: string;
  readonly poolName: string;
  readonly namespace: string;
  readonly imageName: string;
}

export async function identityOf(cluster: Cluster, spec: ImageSpec, image: Image): Promise<ImageIdentity> {
  const { poolId, poolName } = await cluster.pool(spec.pool, spec.namespace);
  const { id, name } = image;
  return { fsid: cluster.fsid, poolId, imageId: id, poolName, namespace: spec.namespace, imageName: name };
}

/** Whether two identities are of the same image, whatever it is called. */
export function isSameImage(
  a: Pick<ImageIdentity, "fsid" | "poolId" | "imageId">,
  b: Pick<ImageIdentity, "fsid" | "poolId" | "imageId">,
): boolean {
  return a.fsid === b.fsid && a.poolId === b.poolId && a.imageId === b.imageId;
}
