import type { ImageRef, Operation } from "./refs.ts";

export interface RangeBinding {
  scanZeroes(
    image: ImageRef,
    offset: number,
    length: number,
    grain: number,
    operation: Operation,
  ): Promise<Float64Array>;
  readSparse(
    image: ImageRef,
    offset: number,
    into: Uint8Array,
    grain: number,
    operation: Operation,
  ): Promise<Float64Array>;
  compareImages(
    image: ImageRef,
    other: ImageRef,
    offset: number,
    length: number,
    grain: number,
    operation: Operation,
  ): Promise<Float64Array>;
  digestBlocks(
    image: ImageRef,
    offset: number,
    length: number,
    blockSize: number,
    operation: Operation,
  ): Promise<Uint8Array>;
}
