import type { ClusterRef, ImageRef, IoCtxRef, OperationRef } from "./refs.ts";

export interface NativeVersion {
  readonly major: number;
  readonly minor: number;
  readonly extra: number;
}

export interface LibraryBinding {
  version(): { librbd: NativeVersion; librados: NativeVersion };
  hasFunction(name: string): boolean;
  shutDown(): void;
  createOperation(onProgress: ((done: number, total: number) => void) | undefined): OperationRef;
  cancelOperation(operation: OperationRef): void;
  close(handle: ClusterRef | IoCtxRef | ImageRef): Promise<void>;
}
