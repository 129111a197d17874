import type { ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeNotification {
  readonly notifyId: bigint;
  readonly cookie: bigint;
  readonly notifierId: bigint;
  readonly data: Buffer;
}

export interface NativeAck {
  readonly clientId: bigint;
  readonly cookie: bigint;
  readonly data: Buffer;
}

export interface WatchBinding {
  watchObject(
    io: IoCtxRef,
    object: string,
    timeoutSeconds: number,
    listener: (event: NativeNotification | { readonly errno: number }) => void,
    operation: Operation,
  ): Promise<bigint>;
  unwatchObject(io: IoCtxRef, cookie: bigint, operation: Operation): Promise<void>;
  acknowledge(
    io: IoCtxRef,
    object: string,
    notifyId: bigint,
    cookie: bigint,
    reply: Uint8Array,
    operation: Operation,
  ): Promise<void>;
  notify(
    io: IoCtxRef,
    object: string,
    data: string | Uint8Array,
    timeoutMs: number,
    operation: Operation,
  ): Promise<{ replies: NativeAck[]; missing: NativeAck[] }>;
  watchUpdates(image: ImageRef, listener: (event: number) => void, operation: Operation): Promise<bigint>;
  watchQuiesce(image: ImageRef, listener: (event: number) => void, operation: Operation): Promise<bigint>;
  unwatch(image: ImageRef, handle: bigint, quiesce: boolean, operation: Operation): Promise<void>;
  quiesceComplete(image: ImageRef, handle: bigint, errno: number, operation: Operation): Promise<void>;
}
