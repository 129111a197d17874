import { expect } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import type { PlainRbd } from "../formats/plain-rbd.ts";

export interface SmallPool {
  readonly pool: string;
  /** Sets how many bytes the pool may hold, 0 for any, and waits until the pool is full, or is not any more. */
  setQuota(bytes: number): Promise<void>;
}

/** Makes a pool that can be filled. Needs a manager: without one nobody tells the monitors how full a pool is. */
export async function smallPool(cluster: Cluster, { pool: own }: PlainRbd, name: string): Promise<SmallPool> {
  const pool = `${own}-${name}`;
  await cluster.createPool(pool);
  const isFull = async () => {
    const pools = (await cluster.monCommand({ prefix: "osd pool ls", detail: "detail" })) as {
      readonly pool_name: string;
      readonly flags_names: string;
    }[];
    return pools.some(
      ({ pool_name, flags_names }) => pool_name === pool && flags_names.includes("full_quota"),
    );
  };
  return {
    pool,
    async setQuota(bytes) {
      await cluster.monCommand({
        prefix: "osd pool set-quota",
        pool,
        field: "max_bytes",
        val: String(bytes),
      });
      await expect.poll(isFull, { timeout: 60_000, interval: 200 }).toBe(bytes > 0);
    },
  };
}
