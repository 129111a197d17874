import type { NativeNewImage } from "./new-image.ts";
import type { ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeMigrationEnd {
  readonly poolId: number;
  readonly namespace: string;
  readonly imageName: string;
  readonly imageId: string;
}

export interface MigrationBinding {
  prepareMigration(
    io: IoCtxRef,
    image: string,
    targetIo: IoCtxRef,
    target: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  prepareImport(
    source: string,
    io: IoCtxRef,
    target: string,
    o: NativeNewImage,
    operation: Operation,
  ): Promise<void>;
  executeMigration(io: IoCtxRef, image: string, operation: Operation): Promise<void>;
  abortMigration(io: IoCtxRef, image: string, operation: Operation): Promise<void>;
  commitMigration(io: IoCtxRef, image: string, operation: Operation): Promise<void>;
  migrationStatus(
    io: IoCtxRef,
    image: string,
    operation: Operation,
  ): Promise<{ source: NativeMigrationEnd; target: NativeMigrationEnd; state: number; description: string }>;
  migrationSource(image: ImageRef, operation: Operation): Promise<string>;
}
