import type { NativeNewImage } from "./new-image.ts";
import type { ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeTrashed {
  readonly id: string;
  readonly name: string;
  readonly source: number;
  readonly deletedAt: number;
  readonly deferredUntil: number;
}

export interface PoolBinding {
  initPool(io: IoCtxRef, force: boolean, operation: Operation): Promise<void>;
  listNamespaces(io: IoCtxRef, operation: Operation): Promise<string[]>;
  createNamespace(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  removeNamespace(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  namespaceExists(io: IoCtxRef, name: string, operation: Operation): Promise<boolean>;
  getPoolMetadata(io: IoCtxRef, key: string, operation: Operation): Promise<string>;
  setPoolMetadata(io: IoCtxRef, key: string, value: string, operation: Operation): Promise<void>;
  removePoolMetadata(io: IoCtxRef, key: string, operation: Operation): Promise<void>;
  listPoolMetadata(io: IoCtxRef, operation: Operation): Promise<[string, string][]>;
  listImages(io: IoCtxRef, operation: Operation): Promise<{ id: string; name: string }[]>;
  createImage(
    io: IoCtxRef,
    name: string,
    size: number,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  cloneImage(
    parent: IoCtxRef,
    image: string,
    snapshot: string | bigint,
    io: IoCtxRef,
    name: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  removeImage(io: IoCtxRef, name: string, operation: Operation): Promise<void>;
  renameImage(io: IoCtxRef, from: string, to: string, operation: Operation): Promise<void>;
  openImage(
    io: IoCtxRef,
    nameOrId: string,
    byId: boolean,
    readOnly: boolean,
    snapshot: string | undefined,
    operation: Operation,
  ): Promise<{ handle: ImageRef; id: string; name: string; size: number; changes: Uint32Array }>;
  listTrash(io: IoCtxRef, operation: Operation): Promise<NativeTrashed[]>;
  getTrash(io: IoCtxRef, id: string, operation: Operation): Promise<NativeTrashed>;
  trashMove(io: IoCtxRef, name: string, delaySeconds: number, operation: Operation): Promise<void>;
  trashRestore(io: IoCtxRef, id: string, name: string, operation: Operation): Promise<void>;
  trashRemove(io: IoCtxRef, id: string, force: boolean, operation: Operation): Promise<void>;
  trashPurge(io: IoCtxRef, before: number, threshold: number, operation: Operation): Promise<void>;
}
