/**
 * Runs steps side by side. When one fails the others are aborted, and only when all have ended is its
 * error thrown: nobody goes on working behind the caller's back.
 */
export async function together(
  signal: AbortSignal | undefined,
  steps: readonly ((signal: AbortSignal) => Promise<unknown>)[],
): Promise<void> {
  const controller = new AbortController();
  const shared = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal]);
  const failures: unknown[] = [];
  await Promise.all(
    steps.map(async (step) => {
      try {
        await step(shared);
      } catch (error) {
        failures.push(error);
        controller.abort(error);
      }
    }),
  );
  signal?.throwIfAborted();
  if (failures.length > 0) throw failures[0];
}
