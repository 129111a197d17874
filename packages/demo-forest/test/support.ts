import { type ForestPlan, forestPlan } from "../src/forest-plan.ts";

/** The demonstration forest in pools of its own. */
export function forestIn(prefix: string): ForestPlan {
  const pool = (name: string) => `${prefix}-${name}`;
  return {
    name: prefix,
    pools: forestPlan.pools.map(pool),
    namespaces: forestPlan.namespaces.map((each) => ({ ...each, pool: pool(each.pool) })),
    images: forestPlan.images.map((image) => ({
      ...image,
      pool: pool(image.pool),
      ...(image.cloneOf !== undefined && { cloneOf: pool(image.cloneOf) }),
      ...(image.dataPool !== undefined && { dataPool: pool(image.dataPool) }),
    })),
  };
}
