import type { Clock } from "./clock.ts";

/** What `work` resolves to, or the error of `late` when that takes longer than `ms`. The work itself goes on. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => deadline.reject(late()));
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    timer.cancel();
  }
}
