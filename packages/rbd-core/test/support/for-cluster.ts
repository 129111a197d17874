import type * as api from "../../src/index.ts";

export type Api = typeof api;

/** The names of the functions that talk to the cluster: those that take it first, and wait. */
export type ForCluster = {
  [K in keyof Api]: Api[K] extends (
    cluster: api.Cluster,
    ...rest: never[]
  ) => Promise<unknown> | AsyncIterable<unknown>
    ? K
    : never;
}[keyof Api];
