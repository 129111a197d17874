/**
 * Runs a hook of the caller's. One that does not end in time is told to stop by its signal, and not waited for.
 *
 * @param tooLate The error for a hook that took too long.
 * @param signal Aborting it ends the waiting, too; the hook is told.
 * @throws what the hook throws; `tooLate()`; the signal's reason
 */
export async function withinLimit<T>(
  hook: (signal: AbortSignal) => Promise<T>,
  limitMs: number,
  tooLate: () => Error,
  signal: AbortSignal | undefined,
): Promise<T> {
  const late = new AbortController();
  const timer = setTimeout(() => late.abort(tooLate()), limitMs);
  const either = signal === undefined ? late.signal : AbortSignal.any([late.signal, signal]);
  const aborted = new Promise<never>((_, reject) => {
    either.addEventListener("abort", () => reject(either.reason), { once: true });
  });
  try {
    return await Promise.race([hook(either), aborted]);
  } finally {
    clearTimeout(timer);
  }
}
