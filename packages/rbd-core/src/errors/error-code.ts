/**
 * Every `code` a {@link CoppiceError} can carry. The set is closed: a `switch` over it can be exhaustive.
 *
 * Most are librbd's and librados' refusals (see `RbdError`); these are Coppice's own:
 * - `INVALID_NAME`: a name that does not parse, or that Ceph could not hold.
 * - `SOURCE_CHANGED`: what had been checked was no longer so when it was about to be used.
 * - `UNDO_FAILED`: an operation failed, and so did undoing it. `left` says what is still there.
 */
export const errorCodes = [
  "INVALID_NAME",
  "SOURCE_CHANGED",
  "UNDO_FAILED",
  "NOT_FOUND",
  "EXISTS",
  "BUSY",
  "PERMISSION_DENIED",
  "READ_ONLY",
  "INVALID_ARGUMENT",
  "UNSUPPORTED",
  "TIMED_OUT",
  "NO_SPACE",
  "QUOTA_EXCEEDED",
  "NOT_EMPTY",
  "OUT_OF_RANGE",
  "CANCELED",
  "CLOSED",
  "BLOCKLISTED",
  "SHUTDOWN",
  "IO",
] as const;

export type CoppiceErrorCode = (typeof errorCodes)[number];
