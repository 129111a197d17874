import type { CursorRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeLockers {
  readonly exclusive: boolean;
  readonly tag: string;
  readonly lockers: readonly { readonly client: string; readonly cookie: string; readonly address: string }[];
}

export interface ObjectBinding {
  listObjects(
    io: IoCtxRef,
    cursor: CursorRef | undefined,
    limit: number,
    operation: Operation,
  ): Promise<{ names: string[]; next: CursorRef | null }>;
  lockObject(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    tag: string | undefined,
    description: string,
    seconds: number,
    renew: boolean,
    operation: Operation,
  ): Promise<void>;
  unlockObject(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    operation: Operation,
  ): Promise<void>;
  breakObjectLock(
    io: IoCtxRef,
    object: string,
    name: string,
    cookie: string,
    client: string,
    operation: Operation,
  ): Promise<void>;
  listObjectLockers(io: IoCtxRef, object: string, name: string, operation: Operation): Promise<NativeLockers>;
  readObject(
    io: IoCtxRef,
    object: string,
    steps: readonly (readonly unknown[])[],
    flags: number,
  ): Promise<unknown[]>;
  sparseReadObject(
    io: IoCtxRef,
    object: string,
    offset: number,
    length: number,
  ): Promise<{ data: Buffer; extents: Float64Array }>;
  writeObject(
    io: IoCtxRef,
    object: string,
    steps: readonly (readonly unknown[])[],
    flags: number,
  ): Promise<bigint>;
}
