import { expect } from "vitest";
import type { PlainRbd } from "../formats/plain-rbd.ts";

export interface SmallPool {
  readonly pool: string;
  /** Sets how many bytes the pool may hold, 0 for any, and waits until the pool is full, or is not any more. */
  setQuota(bytes: number): Promise<void>;
}

/** Makes a pool that can be filled. Needs a manager: without one nobody tells the monitors how full a pool is. */
export async function smallPool(plain: PlainRbd, name: string): Promise<SmallPool> {
  const pool = `${plain.pool}-${name}`;
  await plain.run("ceph", ["osd", "pool", "create", pool, "8"]);
  await plain.run("rbd", ["pool", "init", pool]);
  const isFull = async () => {
    const args = ["osd", "pool", "ls", "detail", "--format", "json"];
    const pools = JSON.parse(String(await plain.run("ceph", args)));
    const { flags_names } = pools.find(({ pool_name }: { pool_name: string }) => pool_name === pool);
    return (flags_names as string).includes("full_quota");
  };
  return {
    pool,
    async setQuota(bytes) {
      await plain.run("ceph", ["osd", "pool", "set-quota", pool, "max_bytes", String(bytes)]);
      await expect.poll(isFull, { timeout: 60_000, interval: 200 }).toBe(bytes > 0);
    },
  };
}
