/** Runs one action at a time for each key, in the order of the calls. */
export class KeyedMutex {
  readonly #last = new Map<string, Promise<void>>();

  /**
   * Runs `action` after every earlier action of the same key has settled.
   *
   * @throws what `action` throws, or the signal's reason when the signal is aborted before the action starts
   */
  async run<T>(key: string, signal: AbortSignal | undefined, action: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const { promise: ended, resolve: end } = Promise.withResolvers<void>();
    // The next caller waits for the earlier actions as well: if this one is aborted, they may still be running.
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
