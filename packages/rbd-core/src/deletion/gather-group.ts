import type { Cluster } from "../cluster/cluster.ts";
import { groupName } from "../headers/details/group-name.ts";
import type { HeldImage } from "../headers/find-image.ts";

/** The group an image is in, as `pool/[namespace/]group`, or `null`. */
export async function gatherGroup(
  cluster: Cluster,
  { header, place }: HeldImage,
  signal: AbortSignal | undefined,
): Promise<string | null> {
  if (header.group === null) return null;
  const { poolId, groupId } = header.group;
  const pool = (await cluster.listPools()).find(({ id }) => id === poolId)?.name ?? `#${poolId}`;
  return groupName(cluster, pool, place.namespace, groupId, signal);
}
