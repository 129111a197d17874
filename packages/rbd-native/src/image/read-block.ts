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
