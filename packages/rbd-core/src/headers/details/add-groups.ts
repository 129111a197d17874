import type { Cluster } from "../../cluster/cluster.ts";
import { type NamedGroup, nameGroup, showGroup } from "./name-group.ts";
import type { ReadImage } from "./read-image.ts";

/** Gives every row the name of its group. One whose name cannot be found out shows its id. */
export async function addGroups(
  cluster: Cluster,
  images: readonly ReadImage[],
  signal: AbortSignal | undefined,
): Promise<void> {
  const poolNames = new Map((await cluster.listPools()).map(({ id, name }) => [id, name]));
  const names = new Map<string, Promise<NamedGroup>>();
  for (const { row, found } of images) {
    const group = found.links?.group ?? null;
    if (group === null) {
      row.group = null;
      continue;
    }
    const pool = poolNames.get(group.poolId) ?? `#${group.poolId}`;
    const key = `${pool}/${row.namespace}/${group.groupId}`;
    const name = names.get(key) ?? nameGroup(cluster, pool, row.namespace, group.groupId, signal);
    names.set(key, name);
    row.group = showGroup(await name);
  }
}
