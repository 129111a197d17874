/** How far a transfer is. */
export interface TransferProgress {
  readonly phase: "planning" | "copying" | "finishing" | "undoing";
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
}

export interface TransferOptions {
  readonly signal?: AbortSignal | undefined;
  /** Called often: it must be cheap. */
  readonly onProgress?: ((progress: TransferProgress) => void) | undefined;
}
