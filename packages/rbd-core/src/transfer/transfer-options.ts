import type { CopyJob, CopyLimits } from "rbd-native";

/** How far a transfer is. */
export interface TransferProgress {
  /** `verifying`: what an interrupted transfer left on the target is compared with the source. */
  readonly phase: "planning" | "verifying" | "copying" | "finishing";
  /** How far in the image, in bytes of its size. */
  readonly done: number;
  /** The image's size. */
  readonly total: number;
  /** Bytes of data read from the source. */
  readonly bytesRead: number;
  /** Bytes of data written to the target. */
  readonly bytesWritten: number;
  /** Bytes that were passed over or zeroed without being sent. */
  readonly bytesSkipped: number;
  /** Bytes of data a second, read or written, whichever are more; smoothed over some seconds. */
  readonly rate: number;
}

export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called often: it must be cheap. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}

type TransferCounts = Pick<TransferProgress, "bytesRead" | "bytesWritten" | "bytesSkipped">;

/** Tells a transfer's progress, with its rate. */
export function progressOf(
  total: number,
  { onProgress }: TransferOptions,
): (phase: TransferProgress["phase"], done: number, counts: TransferCounts) => void {
  const meter = new RateMeter();
  return (phase, done, { bytesRead, bytesWritten, bytesSkipped }) => {
    const rate = meter.update(Math.max(bytesRead, bytesWritten));
    const all = Math.max(total, done);
    onProgress?.({ phase, done, total: all, bytesRead, bytesWritten, bytesSkipped, rate });
  };
}

/** How fast transfers may go. One may be given to several; each keeps to it by itself. Can change at any time. */
export class TransferLimits {
  readonly #jobs = new Set<CopyJob>();
  #limits: CopyLimits;

  constructor(limits: CopyLimits = {}) {
    this.#limits = limits;
  }

  get current(): CopyLimits {
    return this.#limits;
  }

  /** Takes effect at once on what runs. A limit that is left out is taken away. */
  set(limits: CopyLimits): void {
    this.#limits = limits;
    for (const job of this.#jobs) job.setLimits(limits);
  }

  /** Applies to a job until the returned function is called. */
  apply(job: CopyJob): () => void {
    job.setLimits(this.#limits);
    this.#jobs.add(job);
    return () => this.#jobs.delete(job);
  }
}

/** About how far back a rate looks, in milliseconds. */
const memory = 5000;
/** Less time than this says nothing about a rate. */
const least = 100;

/** How fast bytes come, smoothed over some seconds. */
export class RateMeter {
  readonly #now: () => number;
  #last: { readonly at: number; readonly bytes: number } | undefined;
  #rate: number | undefined;

  /** @param now Milliseconds of a clock that only goes forward. */
  constructor(now: () => number = () => performance.now()) {
    this.#now = now;
  }

  /**
   * @param bytes All so far.
   * @returns Bytes a second; 0 until there is something to tell it from.
   */
  update(bytes: number): number {
    const at = this.#now();
    this.#last ??= { at, bytes };
    const elapsed = at - this.#last.at;
    if (elapsed >= least) {
      const recent = ((bytes - this.#last.bytes) / elapsed) * 1000;
      const before = this.#rate ?? recent;
      this.#rate = before + (recent - before) * (1 - Math.exp(-elapsed / memory));
      this.#last = { at, bytes };
    }
    return this.#rate ?? 0;
  }
}
