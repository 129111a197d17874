import type { DiffRef, ImageRef, OperationRef, WriteMemoryRef } from "./refs.ts";

export interface DataBinding {
  read(image: ImageRef, offset: number, into: Uint8Array, flags: number): Promise<number>;
  readBlock(image: ImageRef, offset: number, length: number, flags: number): Promise<Buffer>;
  write(image: ImageRef, offset: number, data: Uint8Array, flags: number): Promise<void>;
  allocateWriteMemory(length: number): { memory: WriteMemoryRef; data: Buffer };
  releaseWriteMemory(memory: WriteMemoryRef): void;
  writeBlock(image: ImageRef, offset: number, memory: WriteMemoryRef, flags: number): Promise<void>;
  writeZeroes(
    image: ImageRef,
    offset: number,
    length: number,
    zeroFlags: number,
    flags: number,
  ): Promise<void>;
  discard(image: ImageRef, offset: number, length: number): Promise<void>;
  writeSame(
    image: ImageRef,
    offset: number,
    length: number,
    pattern: Uint8Array,
    flags: number,
  ): Promise<void>;
  compareAndWrite(
    image: ImageRef,
    offset: number,
    expected: Uint8Array,
    data: Uint8Array,
    flags: number,
  ): Promise<void>;
  flush(image: ImageRef): Promise<void>;
  startDiff(
    image: ImageRef,
    from: string | bigint | undefined,
    offset: number,
    length: number,
    includeParent: boolean,
    wholeObject: boolean,
    operation: OperationRef,
  ): { stream: DiffRef; ended: Promise<void> };
  nextDiffBatch(stream: DiffRef): Promise<Float64Array | null>;
  stopDiff(stream: DiffRef): void;
}
