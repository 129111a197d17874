/**
 * Runs writes at the same time, up to a budget of bytes in flight. After the first one that fails nothing more is
 * started, and that failure is what `add` and `drain` reject with.
 */
export class WriteWindow {
  readonly #budget: number;
  readonly #running = new Set<Promise<void>>();
  #inFlight = 0;
  #failure: { error: unknown } | undefined;

  /** @param budget Bytes; one write may be larger, and then runs alone. */
  constructor(budget: number) {
    this.#budget = budget;
  }

  /** Resolves when the write has been started, which is once there is room for it. */
  async add(bytes: number, write: () => Promise<unknown>): Promise<void> {
    while (this.#failure === undefined && this.#running.size > 0 && this.#inFlight + bytes > this.#budget) {
      await Promise.race(this.#running);
    }
    this.#throwFailure();
    this.#inFlight += bytes;
    const run = this.#watch(bytes, write);
    this.#running.add(run);
    run.finally(() => this.#running.delete(run));
  }

  /** Resolves when nothing is in flight any more and everything succeeded. Never leaves a write behind. */
  async drain(): Promise<void> {
    await this.settle();
    this.#throwFailure();
  }

  /** The same without an opinion on the outcome: for the way out of a failure. */
  async settle(): Promise<void> {
    await Promise.all(this.#running);
  }

  async #watch(bytes: number, write: () => Promise<unknown>): Promise<void> {
    try {
      await write();
    } catch (error) {
      this.#failure ??= { error };
    } finally {
      this.#inFlight -= bytes;
    }
  }

  #throwFailure(): void {
    if (this.#failure) throw this.#failure.error;
  }
}
