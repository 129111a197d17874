import type { CopyJob, CopyLimits } from "rbd-native";

/** The progress of a transfer. */
export interface TransferProgress {
  /** `verifying`: what is on the target is being compared with the source: what an interrupted transfer left, or the copy. */
  readonly phase: "planning" | "verifying" | "copying" | "finishing";
  /** The position in the image, in bytes of its size. */
  readonly done: number;
  /** The image's size. */
  readonly total: number;
  /** Bytes of data read from the source, and from the target where the two are compared. */
  readonly bytesRead: number;
  /** Bytes of data written to the target. */
  readonly bytesWritten: number;
  /** Bytes that were skipped, or zeroed without being sent. */
  readonly bytesSkipped: number;
  /** Bytes of data per second, read or written, whichever is more; smoothed over some seconds. See {@link RateMeter}. */
  readonly rate: number;
}

export interface TransferOptions {
  /** Aborting stops the transfer and rejects with the signal's reason, when nothing is in flight any more. */
  readonly signal?: AbortSignal | undefined;
  /** Called often, so it must be cheap. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

type TransferCounts = Pick<TransferProgress, "bytesRead" | "bytesWritten" | "bytesSkipped">;

/** Returns the function that reports a transfer's progress, with its rate. */
export function progressOf(
  total: number,
  { onProgress }: TransferOptions,
): (phase: TransferProgress["phase"], done: number, counts: TransferCounts) => void {
  const meter = new RateMeter();
  return (phase, done, { bytesRead, bytesWritten, bytesSkipped }) => {
    const rate = meter.update(Math.max(bytesRead, bytesWritten)) ?? 0;
    const all = Math.max(total, done);
    onProgress?.({ phase, done, total: all, bytesRead, bytesWritten, bytesSkipped, rate });
  };
}

/** The speed limits of transfers. They can change at any time. Transfers that share them each keep to them by themselves. */
export class TransferLimits {
  readonly #jobs = new Set<CopyJob>();
  #limits: CopyLimits;

  constructor(limits: CopyLimits = {}) {
    this.#limits = limits;
  }

  get current(): CopyLimits {
    return this.#limits;
  }

  /** Sets new limits, which running transfers obey at once. A limit that is left out no longer holds. */
  set(limits: CopyLimits): void {
    this.#limits = limits;
    for (const job of this.#jobs) job.setLimits(limits);
  }

  /** Applies the limits to a job until the returned function is called. */
  apply(job: CopyJob): () => void {
    job.setLimits(this.#limits);
    this.#jobs.add(job);
    return () => this.#jobs.delete(job);
  }
}

/** The time constant of the smoothing, in milliseconds. */
const memory = 5000;
/** Measurements closer together than this are counted as one, in milliseconds: over a shorter time a rate is noise. */
const least = 250;

/**
 * Measures the rate of something that is counted, such as bytes, smoothed exponentially over some seconds.
 *
 * @example
 * const meter = new RateMeter();
 * const bytesPerSecond = meter.update(bytesSoFar) ?? 0;
 */
export class RateMeter {
  readonly #now: () => number;
  #at: number;
  #count = 0;
  #rate: number | null = null;

  /** The count is 0 at this moment. @param now A clock that never goes back, in milliseconds. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
    this.#at = now();
  }

  /**
   * @param count The count so far. One that goes back counts as no progress.
   * @returns The rate per second; `null` until it has been measured for long enough.
   */
  update(count: number): number | null {
    const at = this.#now();
    const elapsed = at - this.#at;
    if (elapsed < least) return this.#rate;
    const recent = (Math.max(0, count - this.#count) / elapsed) * 1000;
    const before = this.#rate ?? recent;
    this.#rate = before + (recent - before) * (1 - Math.exp(-elapsed / memory));
    this.#at = at;
    this.#count = count;
    return this.#rate;
  }
}
