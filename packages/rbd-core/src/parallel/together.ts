/**
 * Like `Promise.all`, but waits for every one to end before it rejects, and then with the first failure by
 * position: nothing is left running, and the same mistakes give the same error.
 */
export async function allSettledOrThrow<T extends readonly unknown[] | []>(
  promises: T,
): Promise<{ -readonly [K in keyof T]: Awaited<T[K]> }> {
  const outcomes = await Promise.allSettled(promises);
  for (const outcome of outcomes) if (outcome.status === "rejected") throw outcome.reason;
  return Promise.all(promises);
}
