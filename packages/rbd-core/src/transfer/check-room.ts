import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { CoppiceError } from "../errors/coppice-error.ts";

interface PoolDetail {
  readonly pool_id: number;
  readonly pool_name: string;
  readonly flags_names: string;
}

/**
 * Refuses a target whose pools take no data. librbd would wait for room before it changes a header, until the call
 * times out. (`ceph osd pool ls detail`)
 *
 * @throws {CoppiceError} `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function checkRoom(
  cluster: Cluster,
  pool: string,
  image: Image,
  signal?: AbortSignal,
): Promise<void> {
  const dataPoolId = await image.dataPoolId({ signal });
  const pools = (await cluster.monCommand(
    { prefix: "osd pool ls", detail: "detail" },
    { signal },
  )) as PoolDetail[];
  for (const { pool_id, pool_name, flags_names } of pools) {
    if (pool_name !== pool && BigInt(pool_id) !== BigInt(dataPoolId)) continue;
    const flags = flags_names.split(",");
    if (!flags.includes("full") && !flags.includes("full_quota")) continue;
    const isQuota = flags.includes("full_quota");
    throw new CoppiceError({
      code: isQuota ? "QUOTA_EXCEEDED" : "NO_SPACE",
      call: "checkRoom",
      object: pool_name,
      message: `the pool ${JSON.stringify(pool_name)} ${isQuota ? "has used up its quota" : "is full"}`,
      hint: isQuota ? "Raise the quota, or free space." : "Look at `ceph df`.",
    });
  }
}
