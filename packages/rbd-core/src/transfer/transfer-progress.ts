import { RateMeter } from "./rate-meter.ts";

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

export type TransferCounts = Pick<TransferProgress, "bytesRead" | "bytesWritten" | "bytesSkipped">;

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
