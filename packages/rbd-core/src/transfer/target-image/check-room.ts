import type { Cluster } from "../../cluster/cluster.ts";
import { CoppiceError } from "../../errors/coppice-error.ts";
import { hasCode } from "../../errors/to-coppice-error.ts";

interface PoolDetail {
  readonly pool_id: number;
  readonly pool_name: string;
  readonly flags_names: string;
}

/**
 * Refuses a pool that takes no data, before anything in it is changed. (`ceph osd pool ls detail`)
 *
 * @throws {CoppiceError} `QUOTA_EXCEEDED`, `NO_SPACE`
 */
export async function checkRoom(cluster: Cluster, poolId: number, signal?: AbortSignal): Promise<void> {
  const command = { prefix: "osd pool ls", detail: "detail" };
  const pools = (await cluster.monCommand(command, { signal })) as PoolDetail[];
  const pool = pools.find(({ pool_id }) => pool_id === poolId);
  const flags = pool?.flags_names.split(",") ?? [];
  const isQuota = flags.includes("full_quota");
  if (pool === undefined || !(isQuota || flags.includes("full"))) return;
  throw new CoppiceError({
    code: isQuota ? "QUOTA_EXCEEDED" : "NO_SPACE",
    call: "checkRoom",
    object: pool.pool_name,
    message: `the pool ${JSON.stringify(pool.pool_name)} ${isQuota ? "has used up its quota" : "is full"}`,
    hint: isQuota ? "Raise the quota, or free space." : "Look at `ceph df`.",
  });
}

/** Whether an error says that a pool or the cluster is full. */
export function isNoRoom(error: unknown): boolean {
  return hasCode(error, "NO_SPACE") || hasCode(error, "QUOTA_EXCEEDED");
}
