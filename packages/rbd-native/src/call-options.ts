export interface CallOptions {
  /**
   * Gives the call up. One that waits for its turn is never made. One under way that can be cancelled stops;
   * a call that only reads is left to itself and rejects at once; a call that changes something and cannot be
   * cancelled is waited for, and fulfils when it succeeded all the same. A rejection carries `signal.reason`.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface Progress {
  readonly done: number;
  /** 0 until it is known. */
  readonly total: number;
}

export interface ProgressOptions extends CallOptions {
  /** Called at most about twenty times a second, with the latest figures. An exception ends the call. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}
