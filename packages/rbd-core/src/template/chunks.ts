import { CoppiceError } from "../errors/index.ts";

/**
 * Cuts a stream of any pieces into chunks of the pool, each full but the last one. The source may use its pieces again
 * at once. Whoever gets a chunk shares it (see `ChunkPool`); it waits for a free one when there is none.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` when a piece is no bytes, as from a stream that decodes text.
 */
export async function* rechunk(
  pieces: AsyncIterable<Uint8Array>,
  pool: ChunkPool,
): AsyncGenerator<Chunk, void, undefined> {
  let chunk: Chunk | undefined;
  let filled = 0;
  for await (const piece of pieces) {
    checkBytes(piece);
    for (let taken = 0; taken < piece.length; ) {
      chunk ??= await pool.take();
      const count = Math.min(piece.length - taken, chunk.length - filled);
      chunk.set(piece.subarray(taken, taken + count), filled);
      taken += count;
      filled += count;
      if (filled < chunk.length) continue;
      yield chunk;
      chunk = undefined;
      filled = 0;
    }
  }
  if (chunk !== undefined) yield chunk.subarray(0, filled);
}

/** A stream's type says bytes, but one that decodes text or is in object mode delivers something else. */
export function checkBytes(piece: unknown): asserts piece is Uint8Array {
  if (piece instanceof Uint8Array) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importTemplate",
    message: `the stream delivers ${typeof piece === "string" ? "text" : "something other than bytes"}`,
    hint: "Give a stream of bytes: no encoding, no object mode.",
  });
}

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

interface DataExtent {
  /** Bytes from the start of the chunk. */
  start: number;
  end: number;
}

const zeros = Buffer.alloc(1 << 20);

/**
 * The runs of a chunk that hold anything but zeros, in steps of `grain` bytes (at most 1 MiB): what has to be
 * written for the rest to stay a hole. The last step may be shorter. Neighbouring steps make one run.
 */
export function dataExtents(chunk: Buffer, grain: number): DataExtent[] {
  const extents: DataExtent[] = [];
  if (isZero(chunk)) return extents;
  let open: DataExtent | undefined;
  for (let start = 0; start < chunk.length; start += grain) {
    const end = Math.min(start + grain, chunk.length);
    if (zeros.compare(chunk, start, end, 0, end - start) === 0) {
      open = undefined;
    } else if (open) {
      open.end = end;
    } else {
      open = { start, end };
      extents.push(open);
    }
  }
  return extents;
}

/** Most chunks of a thin disk are nothing but zeros, and are told by a few calls. */
function isZero(chunk: Buffer): boolean {
  for (let start = 0; start < chunk.length; start += zeros.length) {
    const end = Math.min(start + zeros.length, chunk.length);
    if (zeros.compare(chunk, start, end, 0, end - start) !== 0) return false;
  }
  return true;
}

const smallest = 64 * 1024 ** 2;
const largestStep = 16 * 1024 ** 3;

/**
 * The size to give an image that is written from a stream of unknown length, once `needed` bytes no longer fit:
 * doubled, in steps of 64 MiB to 16 GiB. Each resize rewrites the object map, so there must be few of them; what is
 * too much is cut off at the end, and costs no space until then.
 */
export function grownSize(current: number, needed: number): number {
  if (needed <= current) return current;
  const step = Math.min(Math.max(current, smallest), largestStep);
  return current + Math.ceil((needed - current) / step) * step;
}

/** Work that runs side by side. After the first failure nothing more is started. */
export class InFlight {
  readonly #running = new Set<Promise<void>>();
  #failure: { error: unknown } | undefined;

  /** Starts a piece of work. @throws the first failure of what was started before */
  start(work: () => Promise<unknown>): void {
    this.#throwFailure();
    const run = this.#watch(work);
    this.#running.add(run);
    run.finally(() => this.#running.delete(run));
  }

  /** Resolves when nothing is in flight any more and everything succeeded. Never leaves anything behind. */
  async drain(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  /** The same without an opinion on the outcome: for the way out of a failure. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #watch(work: () => Promise<unknown>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#failure ??= { error };
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
