import { setTimeout as delay } from "node:timers/promises";
import { DevClusterError } from "../errors.ts";

/**
 * Runs steps in parallel. When one fails the others are aborted, and its error is thrown only after all have ended, so
 * that no step is still running when this rejects.
 *
 * @returns the result of each step, in their order.
 */
export async function runInParallel<T>(
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

interface WaitOptions {
  /** For the message: "osd.0 to be up in the OSD map". */
  what: string;
  deadlineMs: number;
  intervalMs: number;
  /** What to do when the deadline passes. */
  hint?: string;
  signal?: AbortSignal | undefined;
}

/**
 * Polls a state that sends no notification (a daemon's admin socket, the end of a process that is not a child) until
 * `check` returns something other than undefined or false.
 *
 * @throws DevClusterError TIMED_OUT at the deadline; `signal.reason` when aborted; whatever `check` throws.
 */
export async function waitUntil<T>(
  options: WaitOptions,
  check: (signal: AbortSignal) => Promise<T | undefined | false>,
): Promise<T> {
  const deadline = AbortSignal.timeout(options.deadlineMs);
  const signal = options.signal === undefined ? deadline : AbortSignal.any([options.signal, deadline]);
  try {
    for (;;) {
      const answer = await check(signal);
      if (answer !== undefined && answer !== false) return answer;
      await delay(options.intervalMs, undefined, { signal });
    }
  } catch (cause) {
    options.signal?.throwIfAborted();
    if (!deadline.aborted || cause instanceof DevClusterError) throw cause;
    throw new DevClusterError(
      "TIMED_OUT",
      `Waited ${options.deadlineMs / 1000} s for ${options.what}.`,
      options.hint === undefined ? { cause } : { cause, hint: options.hint },
    );
  }
}
