import type { IoCtxRef } from "../internal/binding-types.ts";

/** An open pool at a namespace, as the calls on it need it. */
export interface Place {
  readonly handle: IoCtxRef;
  readonly poolName: string;
  readonly namespace: string;
}

/** "pool/[namespace/]name", for messages. */
export function specIn(place: Place, name: string): string {
  return `${spec(place)}/${name}`;
}

/** "pool[/namespace]", for messages. */
export function spec({ poolName, namespace }: Place): string {
  return namespace === "" ? poolName : `${poolName}/${namespace}`;
}
