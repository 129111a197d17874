import type { CopyRef, ImageRef, IoCtxRef, Operation } from "./refs.ts";

export interface CopyBinding {
  createCopy(operations: number, bytes: number): CopyRef;
  tuneForCopies(io: IoCtxRef, operation: Operation): Promise<void>;
  setCopyRates(copy: CopyRef, bytesPerSecond: number, operationsPerSecond: number): void;
  copyCounters(copy: CopyRef): {
    bytesRead: number;
    bytesWritten: number;
    bytesZeroed: number;
    bytesSkipped: number;
    operations: number;
    depth: number;
  };
  copyExtents(
    copy: CopyRef,
    source: ImageRef,
    snapshotId: bigint,
    blockSize: number,
    target: ImageRef | undefined,
    extents: Float64Array,
    digests: boolean,
    operation: Operation,
  ): Promise<{ blocks: Float64Array; digests: Uint8Array }>;
  /** Whether a copy wrote objects that the handle does not know of. */
  isWrittenPast(image: ImageRef): boolean;
}
