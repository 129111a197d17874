import type { ImageSpec } from "../names/image-spec.ts";

/** `first`: somebody waits for it, because the hard limit is reached. `later`: whenever there is room. */
export type FlattenUrgency = "first" | "later";

/** A flatten in the queue, as others may see it. */
export interface FlattenJob {
  image: ImageSpec;
  state: "queued" | "running" | "canceling";
  urgency: FlattenUrgency;
  /** Objects. `total` is 0 until the first progress. */
  done: number;
  total: number;
}

/** How many may run at the same time. */
export interface FlattenConcurrency {
  /** In all pools together. */
  total: number;
  /** In one pool, when `pools` does not name it. */
  perPool: number;
  /** In single pools, by name; 0 holds a pool back. */
  pools?: Readonly<Record<string, number>>;
}

export const defaultFlattenConcurrency: Readonly<FlattenConcurrency> = { total: 4, perPool: 1 };
