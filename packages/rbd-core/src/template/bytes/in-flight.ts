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
