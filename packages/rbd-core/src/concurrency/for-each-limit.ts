/**
 * Calls `action` for every item, in the items' order and at most `limit` at a time. After the first failure, or an
 * abort, no further action starts; the running ones are awaited before the error is thrown.
 *
 * @throws the first error of an action, or the signal's reason
 */
export async function forEachLimit<T>(
  items: Iterable<T>,
  limit: number,
  action: (item: T) => Promise<void>,
  signal?: AbortSignal,
): Promise<void> {
  const iterator = Iterator.from(items);
  let failure: { error: unknown } | undefined;
  const worker = async () => {
    try {
      for (let next = iterator.next(); !next.done && failure === undefined; next = iterator.next()) {
        signal?.throwIfAborted();
        await action(next.value);
      }
    } catch (error) {
      failure ??= { error };
    }
  };
  await Promise.all(Array.from({ length: limit }, worker));
  if (failure !== undefined) throw failure.error;
}

/**
 * Like `Promise.all`, but waits until every promise has settled. If several fail, it rejects with the first by position,
 * so that nothing is left running and the same failures always give the same error.
 */
export async function allSettledOrThrow<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const outcomes = await Promise.allSettled(promises);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return Promise.all(promises);
}
