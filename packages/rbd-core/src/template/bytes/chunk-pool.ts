/** Chunks of one size, used again once nothing reads them any more: new memory costs more than filling it. */
export class ChunkPool {
  readonly #size: number;
  readonly #free: Buffer[] = [];

  /** @param size Bytes of a chunk. */
  constructor(size: number) {
    this.#size = size;
  }

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(this.#size);
  }

  /**
   * Says how many users a chunk has. What this returns is called by each of them when it is done; after the last one the
   * chunk is free again.
   */
  share(chunk: Buffer, users: number): () => void {
    let left = users;
    return () => {
      if (--left === 0 && chunk.length === this.#size) this.#free.push(chunk);
    };
  }
}
