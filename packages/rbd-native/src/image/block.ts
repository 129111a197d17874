import { native } from "../internal/binding.ts";
import type { WriteMemoryRef } from "../internal/native-types.ts";

/**
 * What was read, in the memory that it was received in. Disposing gives the memory back at once, where garbage
 * collection would let much of it pile up; `data` is empty then.
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
 * Memory of librbd's for data to be written: fill `data`, then write the block, which sends it from where it is. With
 * the first write it is librbd's alone, and `data` empty: a write that was given up after a time-out may still be
 * sent. It can be written any number of times, to several images, at once too. Disposing gives the memory back as soon
 * as librbd lets go of it, where garbage collection would let much of it pile up.
 */
export class WriteBlock implements Disposable {
  /** Not zeroed: whatever the memory held before, as `Buffer.allocUnsafe` gives it. */
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
   * For {@link Image.writeBlock}: from here on nobody can change what is in the memory. Undefined when there is none to
   * be written, or somebody transferred it and may still see it.
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
