import type { ImageRef, Operation } from "./refs.ts";

export interface NativeSnapshot {
  readonly id: bigint;
  readonly name: string;
  readonly size: number;
  readonly kind: number;
  readonly protected: boolean;
  readonly timestamp: number;
  readonly originalName: string;
}

export interface SnapshotBinding {
  listSnapshots(image: ImageRef, operation: Operation): Promise<NativeSnapshot[]>;
  createSnapshot(image: ImageRef, name: string, flags: number, operation: Operation): Promise<void>;
  removeSnapshot(image: ImageRef, name: string, flags: number, operation: Operation): Promise<void>;
  removeSnapshotById(image: ImageRef, id: bigint, operation: Operation): Promise<void>;
  protectSnapshot(image: ImageRef, name: string, operation: Operation): Promise<void>;
  unprotectSnapshot(image: ImageRef, name: string, operation: Operation): Promise<void>;
  isSnapshotProtected(image: ImageRef, name: string, operation: Operation): Promise<boolean>;
  snapshotExists(image: ImageRef, name: string, operation: Operation): Promise<boolean>;
  renameSnapshot(image: ImageRef, from: string, to: string, operation: Operation): Promise<void>;
  rollback(image: ImageRef, name: string, operation: Operation): Promise<void>;
  setSnapshot(image: ImageRef, snapshot: string | bigint | null, operation: Operation): Promise<number>;
  snapshotId(image: ImageRef, name: string, operation: Operation): Promise<bigint>;
  snapshotName(image: ImageRef, id: bigint, operation: Operation): Promise<string>;
  getSnapshotLimit(image: ImageRef, operation: Operation): Promise<bigint>;
  setSnapshotLimit(image: ImageRef, limit: bigint, operation: Operation): Promise<void>;
}
