import { native } from "../internal/binding.ts";
import type { WriteMemoryRef } from "../internal/native-types.ts";

/**
 * Data that was read, in the memory in which it was received. Disposing frees the memory at once, where garbage
 * collection would let much of it accumulate; `data` is empty afterwards.
 */
export class ReadBlock implements Disposable {
  readonly data: Buffer;

  constructor(data: Buffer) {
    this.data = data;
  }

  [Symbol.dispose](): void {
    const memory = this.data.buffer as ArrayBuffer;
    if (!memory.detached) memory.transfer(0);
  }
}

/**
 * A buffer of librbd for data to be written: fill `data`, then write the block, which sends it without a copy. The first
 * write hands the memory to librbd and leaves `data` empty, because a write that timed out may still be sent. A block
 * can be written any number of times, to several images, also at the same time. Disposing frees the memory as soon as
 * librbd has released it, where garbage collection would let much of it accumulate.
 */
export class WriteBlock implements Disposable {
  /** Not zeroed: it holds arbitrary old data, as a buffer from `Buffer.allocUnsafe` does. */
  readonly data: Buffer;
  /** In bytes. */
  readonly length: number;
  #memory: WriteMemoryRef | undefined;
  #sealed = false;

  /** Use {@link Image.allocateBlock}. */
  constructor(length: number) {
    const { memory, data } = native.allocateWriteMemory(length);
    this.#memory = memory;
    this.data = data;
    this.length = length;
  }

  /**
   * For {@link Image.writeBlock}: makes the memory immutable from JavaScript. Undefined when the block was disposed of,
   * or when its ArrayBuffer was transferred and may still be changed.
   */
  static seal(block: WriteBlock): WriteMemoryRef | undefined {
    if (block.#sealed) return block.#memory;
    if (block.#view.detached) return undefined;
    block.#detach();
    return block.#memory;
  }

  [Symbol.dispose](): void {
    if (this.#memory === undefined) return;
    this.#detach();
    native.releaseWriteMemory(this.#memory);
    this.#memory = undefined;
  }

  get #view(): ArrayBuffer {
    return this.data.buffer as ArrayBuffer;
  }

  #detach(): void {
    if (!this.#view.detached) this.#view.transfer(0);
    this.#sealed = true;
  }
}
