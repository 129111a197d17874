import type { IoCtxRef } from "./native-types.ts";

/** The key under which an IoCtx gives its OpenPool to the other classes of this package. */
export const openPool = Symbol("openPool");

/** The state of an open pool and namespace that its calls share. */
export interface OpenPool {
  readonly handle: IoCtxRef;
  readonly poolName: string;
  readonly namespace: string;
}

/** A pool as other classes of this package take it: an `IoCtx`, without an import of that class. */
export interface PoolRef {
  readonly [openPool]: OpenPool;
}

/** "pool/[namespace/]name", for messages. */
export function specIn(pool: OpenPool, name: string): string {
  return `${spec(pool)}/${name}`;
}

/** "pool[/namespace]", for messages. */
export function spec({ poolName, namespace }: OpenPool): string {
  return namespace === "" ? poolName : `${poolName}/${namespace}`;
}
