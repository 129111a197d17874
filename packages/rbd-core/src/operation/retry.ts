import { setTimeout } from "node:timers/promises";
import { hasCode } from "../errors/index.ts";

/** How often an operation is started when another client changes its source meanwhile. */
const attempts = 3;

/**
 * Starts an operation again when another client removed the snapshot that it had chosen. What it had made by then has been
 * undone.
 *
 * @throws {CoppiceError} `SOURCE_CHANGED` when that happens three times; any other error of `action`
 */
export async function retryOnSourceChanged<T>(action: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await action();
    } catch (error) {
      if (attempt === attempts || !hasCode(error, "SOURCE_CHANGED")) throw error;
    }
  }
}

export interface RetryOptions {
  /** How often it is tried in total. Default 11, as in Nova. */
  attempts?: number | undefined;
  /** Milliseconds between two tries. Default 1000. */
  pauseMilliseconds?: number | undefined;
  signal?: AbortSignal | undefined;
  /** Called after a try that failed with `BUSY`, before the pause. */
  onBusy?: ((tried: number, attempts: number) => void) | undefined;
  /** How to wait. Default: a timer. */
  pause?: ((milliseconds: number, signal: AbortSignal | undefined) => Promise<void>) | undefined;
}

/**
 * Tries again while the image is busy: a client that was just stopped closes its images some time later (one that died
 * is forgotten when its watch times out, after 30 seconds).
 *
 * @throws the last `BUSY` when the image stays busy, every other error at once, the signal's reason
 */
export async function retryWhileBusy<T>(action: () => Promise<T>, options: RetryOptions): Promise<T> {
  const { attempts = 11, pauseMilliseconds = 1000, signal, onBusy, pause = timer } = options;
  for (let tried = 1; ; tried++) {
    signal?.throwIfAborted();
    try {
      return await action();
    } catch (error) {
      if (!hasCode(error, "BUSY") || tried >= attempts) throw error;
      onBusy?.(tried, attempts);
      await pause(pauseMilliseconds, signal);
    }
  }
}

async function timer(milliseconds: number, signal: AbortSignal | undefined): Promise<void> {
  try {
    await setTimeout(milliseconds, undefined, signal === undefined ? {} : { signal });
  } catch (error) {
    signal?.throwIfAborted();
    throw error;
  }
}
