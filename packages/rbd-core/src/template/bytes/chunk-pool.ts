/** Memory that other threads can read as well. */
export type Chunk = Buffer<SharedArrayBuffer>;

/**
 * Chunks of one size, used again once nothing reads them any more: new memory costs more than filling it. There are only
 * so many of them, which bounds all that is under way.
 */
export class ChunkPool {
  readonly size: number;
  readonly #most: number;
  readonly #free: Chunk[] = [];
  readonly #waiting: ((chunk: Chunk) => void)[] = [];
  #made = 0;

  /**
   * @param size Bytes of a chunk.
   * @param most How many there may be.
   */
  constructor(size: number, most: number) {
    this.size = size;
    this.#most = most;
  }

  /** Resolves once there is a free one. What is in it is of no meaning. */
  async take(): Promise<Chunk> {
    const free = this.#free.pop();
    if (free !== undefined) return free;
    if (this.#made < this.#most) {
      this.#made++;
      return Buffer.from(new SharedArrayBuffer(this.size));
    }
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /**
   * Says how many users a chunk, or the beginning of one, has. What this returns is called by each of them when it is
   * done; after the last one the chunk is free again.
   */
  share(chunk: Chunk, users: number): () => void {
    let left = users;
    return () => {
      if (--left > 0) return;
      const whole = Buffer.from(chunk.buffer);
      const next = this.#waiting.shift();
      if (next === undefined) this.#free.push(whole);
      else next(whole);
    };
  }
}
