import type { CallOptions } from "../../call-options.ts";
import { native } from "../../internal/binding.ts";
import * as data from "../data.ts";
import type { ReadBlock } from "../read-block.ts";
import * as work from "../work.ts";
import type { WriteBlock } from "../write-block.ts";
import { ImageSnapshots } from "./snapshots.ts";

/** Its bytes. */
export abstract class ImageData extends ImageSnapshots {
  /**
   * Reads bytes into a new buffer, or into the one that is given. A range beyond the end is refused
   * (OUT_OF_RANGE). Wraps rbd_aio_read2.
   */
  read(offset: number, lengthOrBuffer: number | Uint8Array, o?: data.IoOptions): Promise<Buffer> {
    return data.read(this.opened, offset, lengthOrBuffer, o);
  }

  /**
   * Reads large ranges faster than {@link read}: the data stays in the memory that librbd received it in, until the
   * block is disposed of (`using`). Wraps rbd_aio_read2 of librbd's C++ interface.
   */
  readBlock(offset: number, length: number, o?: data.IoOptions): Promise<ReadBlock> {
    return data.readBlock(this.opened, offset, length, o);
  }

  /**
   * Writes all of data, of which librbd takes a copy. A range beyond the end is refused (OUT_OF_RANGE). Wraps
   * rbd_aio_write2.
   */
  write(offset: number, bytes: Uint8Array, o?: data.IoOptions): Promise<void> {
    return data.write(this.opened, offset, bytes, o);
  }

  /** Memory for {@link writeBlock}, of 1 byte to 1 GiB. */
  allocateBlock(length: number): WriteBlock {
    return data.allocateBlock(this.opened, length);
  }

  /**
   * Writes large ranges faster than {@link write}: all of the block, without a copy. From then on the block's `data` is
   * empty. A range beyond the end is refused (OUT_OF_RANGE), and leaves the block as it is. Wraps rbd_aio_write2 of
   * librbd's C++ interface.
   */
  writeBlock(offset: number, block: WriteBlock, o?: data.IoOptions): Promise<void> {
    return data.writeBlock(this.opened, offset, block, o);
  }

  /** Makes bytes zero, giving up their space where it can. Wraps rbd_aio_write_zeroes. */
  writeZeroes(offset: number, length: number, o?: data.WriteZeroesOptions): Promise<void> {
    return data.writeZeroes(this.opened, offset, length, o);
  }

  /**
   * Says that bytes are not needed any more. They need not read as zeroes after it: librbd leaves ranges smaller
   * than 64 KiB as they are (`rbd_skip_partial_discard`). For zeroes use {@link writeZeroes}. Wraps rbd_aio_discard.
   */
  discard(offset: number, length: number, o?: CallOptions): Promise<void> {
    return data.discard(this.opened, offset, length, o);
  }

  /** Fills a range with a pattern, whose length it must be a multiple of. Wraps rbd_aio_writesame. */
  writeSame(offset: number, length: number, pattern: Uint8Array, o?: data.IoOptions): Promise<void> {
    return data.writeSame(this.opened, offset, length, pattern, o);
  }

  /** Writes if the image holds what is expected, and says whether it did. One object at most. Wraps rbd_aio_compare_and_write. */
  compareAndWrite(
    offset: number,
    expected: Uint8Array,
    bytes: Uint8Array,
    o?: data.IoOptions,
  ): Promise<boolean> {
    return data.compareAndWrite(this.opened, offset, expected, bytes, o);
  }

  /** Fulfilled when all writes that were fulfilled before are safe. Wraps rbd_aio_flush. */
  flush(o?: CallOptions): Promise<void> {
    return data.flush(this.opened, o);
  }

  /** Forgets cached data. Wraps rbd_invalidate_cache. */
  invalidateCache(o?: CallOptions): Promise<void> {
    return work.workThrough(this.opened, native.invalidateCache, o);
  }
}
