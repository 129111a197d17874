/** A timer that has been started. */
export interface Timer {
  cancel(): void;
}

/** The time and timers. It is passed in, so that tests control it. */
export interface Clock {
  /** Milliseconds since 1970. */
  now(): number;
  /** Calls `run` once after `ms`. A pending timer does not keep the process alive. */
  after(ms: number, run: () => void): Timer;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  after(ms, run) {
    const timer = setTimeout(run, ms);
    timer.unref();
    return { cancel: () => clearTimeout(timer) };
  },
};

/** Resolves as `work` does, or rejects with the error of `late` after `ms`. The work itself is not stopped. */
export async function within<T>(clock: Clock, ms: number, work: Promise<T>, late: () => Error): Promise<T> {
  const deadline = Promise.withResolvers<never>();
  const timer = clock.after(ms, () => deadline.reject(late()));
  try {
    return await Promise.race([work, deadline.promise]);
  } finally {
    timer.cancel();
  }
}

/** Milliseconds since 1970 as the text that is stored and sent. */
export function isoTime(milliseconds: number): string {
  return new Date(milliseconds).toISOString();
}
