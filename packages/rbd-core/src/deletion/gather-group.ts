import type { Cluster } from "../cluster/cluster.ts";
import { type NamedGroup, nameGroup } from "../headers/details/name-group.ts";
import type { HeldImage } from "../headers/find-image.ts";

/** The group an image is in, or `null`. */
export async function gatherGroup(
  cluster: Cluster,
  { header, place }: HeldImage,
  signal: AbortSignal | undefined,
): Promise<NamedGroup | null> {
  if (header.group === null) return null;
  const { poolId, groupId } = header.group;
  const pool = (await cluster.listPools()).find(({ id }) => id === poolId)?.name ?? `#${poolId}`;
  return nameGroup(cluster, pool, place.namespace, groupId, signal);
}
