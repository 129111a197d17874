/** One at a time for each key, in the order of asking. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `action` when every earlier one of the same key has ended, however it ended.
   *
   * @throws what `action` throws, or the signal's reason when it is aborted before its turn
   */
  async run<T>(key: string, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    // Whoever asks next waits for those before, too: an aborted one leaves its place empty.
    const last = before === undefined ? ended : Promise.all([before, ended]).then(() => {});
    this.#last.set(key, last);
    try {
      if (before !== undefined) await orAborted(before, signal);
      signal?.throwIfAborted();
      return await action();
    } finally {
      end();
      if (this.#last.get(key) === last) this.#last.delete(key);
    }
  }
}

async function orAborted(promise: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (signal === undefined) return promise;
  const { promise: aborted, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener("abort", abort, { once: true });
  try {
    signal.throwIfAborted();
    await Promise.race([promise, aborted]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}
