/**
 * Runs steps side by side. When one fails the others are aborted, and only when all have ended is its
 * error thrown: nobody goes on working behind the caller's back.
 *
 * @returns what each gave.
 */
export async function together<T>(
  signal: AbortSignal | undefined,
  steps: readonly ((signal: AbortSignal) => Promise<T>)[],
): Promise<T[]> {
  const controller = new AbortController();
  const shared = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  const failures: unknown[] = [];
  const results: T[] = [];
  await Promise.all(
    steps.map(async (step, i) => {
      try {
        results[i] = await step(shared);
      } catch (error) {
        failures.push(error);
        controller.abort(error);
      }
    }),
  );
  signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
  return results;
}
