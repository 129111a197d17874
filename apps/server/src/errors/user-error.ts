/** An error in words for the person at the screen: what went wrong, and what to do next. */
export interface UserError {
  /** From one of the SDK's closed sets, or one of the server's own (`ServerErrorCode`). */
  code: string;
  message: string;
  hint: string | null;
  /** The image, snapshot, pool or task it happened on. */
  object: string | null;
}
