import { Readable } from "node:stream";
import { CoppiceError } from "../../errors/index.ts";
import type { ByteSource } from "../../formats/index.ts";

/**
 * Copies a stream of pieces of any size into chunks of the pool, each full but the last one, and waits for a free chunk
 * when there is none. The caller calls `share` for each chunk (see {@link ChunkPool}).
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` when a piece is not bytes, as from a stream that decodes text.
 */
export async function* rechunk(pieces: ByteSource, pool: ChunkPool): AsyncGenerator<Chunk, void, undefined> {
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

/** A stream that decodes text or is in object mode delivers something else than its type says. */
export function checkBytes(piece: unknown): asserts piece is Uint8Array {
  if (piece instanceof Uint8Array) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "importRaw",
    message: `the stream delivers ${typeof piece === "string" ? "text" : "something other than bytes"}`,
    hint: "Give a stream of bytes: no encoding, no object mode.",
  });
}

/** Memory that the digest threads can read as well. */
export type Chunk = Buffer<SharedArrayBuffer>;

/**
 * Chunks of one size that are used again, because allocating memory costs more than filling it. Their number bounds the
 * memory of an import.
 */
export class ChunkPool {
  readonly size: number;
  readonly #most: number;
  readonly #free: Chunk[] = [];
  readonly #waiting: ((chunk: Chunk) => void)[] = [];
  #made = 0;

  /**
   * @param size The bytes of a chunk.
   * @param most The number of chunks.
   */
  constructor(size: number, most: number) {
    this.size = size;
    this.#most = most;
  }

  /** Resolves with a free chunk, as soon as there is one. Its contents are undefined. */
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
   * Says how many users a chunk, or the beginning of one, has. Each of them calls the returned function when it is done;
   * after the last call the chunk is free again.
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

const smallest = 64 * 1024 ** 2;
const largestStep = 16 * 1024 ** 3;

/**
 * The new size of an image that is written from a stream of unknown length, when it needs `needed` bytes: doubled, in steps
 * of 64 MiB to 16 GiB. Each resize rewrites the object map, so there must be few of them. The rest is cut off at the end
 * and takes no space until then.
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

  /** Resolves when nothing is in flight any more. @throws the first failure */
  async drain(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  /** Resolves when nothing is in flight any more, whatever failed: for the way out after a failure. */
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

/**
 * Passes a source on, and ends at once when the signal aborts, even while the source is silent. The source is closed then.
 *
 * @throws the signal's reason, or the source's failure
 */
export async function* untilAborted<T>(
  source: AsyncIterable<T> | Iterable<T>,
  signal: AbortSignal | undefined,
): AsyncGenerator<T, void, undefined> {
  if (signal === undefined) {
    yield* source;
    return;
  }
  signal.throwIfAborted();
  let interrupt: (reason: unknown) => void = () => {};
  const abort = () => interrupt(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  const iterator =
    Symbol.asyncIterator in source ? source[Symbol.asyncIterator]() : source[Symbol.iterator]();
  let ended = false;
  try {
    for (;;) {
      // A promise of its own for each piece: one that lives on, in a race with each, would keep every piece in memory.
      const turn = Promise.withResolvers<IteratorResult<T, unknown>>();
      interrupt = turn.reject;
      if (signal.aborted) turn.reject(signal.reason);
      else Promise.resolve(iterator.next()).then(turn.resolve, turn.reject);
      const next = await turn.promise;
      if (next.done) {
        ended = true;
        return;
      }
      yield next.value;
    }
  } catch (error) {
    ended = !signal.aborted;
    throw error;
  } finally {
    signal.removeEventListener("abort", abort);
    if (!ended) {
      // The iterator of a stream is a generator, which handles return() only after its next piece.
      if (source instanceof Readable) source.destroy();
      const returned = Promise.resolve(iterator.return?.());
      if (signal.aborted) returned.catch(() => {});
      else await returned;
    }
  }
}
