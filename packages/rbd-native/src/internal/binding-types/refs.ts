// Opaque values that only the compiled part can look into, and what it rejects with.

declare const tag: unique symbol;
interface Opaque<Name extends string> {
  readonly [tag]: Name;
}

export type ClusterRef = Opaque<"cluster">;
export type IoCtxRef = Opaque<"ioctx">;
export type ImageRef = Opaque<"image">;
export type OperationRef = Opaque<"operation">;
export type DiffRef = Opaque<"diff">;
export type CursorRef = Opaque<"cursor">;
export type CopyRef = Opaque<"copy">;
export type WriteMemoryRef = Opaque<"write memory">;

/** Cancels a call and hears of its progress; undefined for a call that nobody watches. */
export type Operation = OperationRef | undefined;

export interface NativeFailure {
  readonly errno: number;
  readonly call: string;
  readonly detail?: string;
  readonly closed?: boolean;
}
