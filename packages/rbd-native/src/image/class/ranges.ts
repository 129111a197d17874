import type { DiffExtents } from "../diff.ts";
import * as ranges from "../ranges.ts";
import { OpenedImageBase } from "./base.ts";
import { ImageData } from "./data.ts";

/** Work on its bytes that stays outside JavaScript. */
export abstract class ImageRanges extends ImageData {
  /**
   * Reads a range and tells its data (`exists`) from its zeroes, in ascending extents that cover all of it; none
   * crosses a multiple of 256 MiB. The bytes stay outside JavaScript, at most 32 MiB at a time. After an abort it
   * rejects at once; at most that much is still read. Wraps rbd_aio_read2.
   *
   * @throws RbdError OUT_OF_RANGE for a range beyond the end, also when the image shrinks meanwhile.
   */
  scanZeroes(o?: ranges.RangeOptions & ranges.GrainOptions): AsyncIterable<DiffExtents> {
    return ranges.scanZeroes(this.opened, o);
  }

  /**
   * Where two images differ, or one at two snapshots: open it twice. An extent is some grains that differ, and
   * `exists` where this image holds data there, false where it holds zeroes: what would have to be written to the
   * other one. Ends early when the loop is left. Memory, extents, abort and errors as with {@link scanZeroes}; without a
   * range both must be of one size. Wraps rbd_aio_read2.
   */
  differences(
    other: OpenedImageBase,
    o?: ranges.RangeOptions & ranges.GrainOptions,
  ): AsyncIterable<DiffExtents> {
    return ranges.differences(this.opened, OpenedImageBase.openImageOf(other), o);
  }

  /**
   * XXH3-128 (big-endian, 16 bytes) of each block that the range touches, blocks being counted from the start of the
   * image; the first and the last one only of their part of the range. As {@link CopyJob.copy}: digested is each
   * 4 KiB page that is not all zero, with its place in the block and its length, so that holes cost nothing. Memory as
   * with {@link scanZeroes}, and the digests. Wraps rbd_aio_read2.
   */
  digestBlocks(o?: ranges.DigestOptions): Promise<Uint8Array> {
    return ranges.digestBlocks(this.opened, o);
  }

  /**
   * Reads as {@link read} does, and tells the data from the zeroes: `extents` as of {@link scanZeroes}. At most 1 GiB.
   * Wraps rbd_aio_read2.
   */
  readSparse(
    offset: number,
    lengthOrBuffer: number | Uint8Array,
    o?: ranges.GrainOptions,
  ): Promise<ranges.SparseRead> {
    return ranges.readSparse(this.opened, offset, lengthOrBuffer, o);
  }
}
