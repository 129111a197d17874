import { type RbdErrorCode, rbdErrorCodes } from "rbd-native";

/** What only Coppice itself refuses with. */
const ownCodes = ["INVALID_NAME", "LEASE_LOST", "NOT_A_COPY", "SOURCE_CHANGED", "UNDO_FAILED"] as const;

/**
 * The `code` of a {@link CoppiceError}: one of Ceph's refusals, as `RbdError` has them, or
 * - `INVALID_NAME`: a name that does not parse, or that Ceph could not hold.
 * - `LEASE_LOST`: another process may have taken an operation over, because its lease could not be renewed in time.
 * - `NOT_A_COPY`: an increment's base is a copy of another snapshot than the increment begins at, or nothing says that
 *   it is one.
 * - `SOURCE_CHANGED`: what had been checked was no longer so when it was about to be used.
 * - `UNDO_FAILED`: an operation failed, and so did undoing it. `left` says what is still there.
 */
export type CoppiceErrorCode = (typeof ownCodes)[number] | RbdErrorCode;

/** Every code. The set is closed: a `switch` over it can be exhaustive. */
export const errorCodes: readonly CoppiceErrorCode[] = [...ownCodes, ...rbdErrorCodes];

export interface CoppiceErrorOptions {
  code: CoppiceErrorCode;
  /** What failed and why, as one sentence without a full stop. */
  message: string;
  /** What to do next, as a sentence. Becomes the end of the message. */
  hint?: string | undefined;
  /** Positive, 0 when no system error stands behind this. */
  errno?: number | undefined;
  /** The librbd or librados call that failed, or Coppice's own function. */
  call?: string | undefined;
  /** The image, snapshot or pool it happened on, as `pool/[namespace/]image[@snap]`. */
  object?: string | undefined;
  /** What an operation made and could not take back. */
  left?: readonly string[] | undefined;
  cause?: unknown;
}

/**
 * The one error class of `rbd-core`. Calls that are aborted through an `AbortSignal` are the exception: they
 * reject with the signal's own reason.
 */
export class CoppiceError extends Error {
  override readonly name = "CoppiceError";
  readonly code: CoppiceErrorCode;
  readonly errno: number;
  readonly call: string;
  readonly object: string | undefined;
  readonly hint: string | undefined;
  /** What is still there although it should not be; empty unless `code` is `UNDO_FAILED`. */
  readonly left: readonly string[];

  constructor(options: CoppiceErrorOptions) {
    const text = options.hint === undefined ? options.message : `${options.message}. ${options.hint}`;
    super(text, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = options.code;
    this.errno = options.errno ?? 0;
    this.call = options.call ?? "";
    this.object = options.object;
    this.hint = options.hint;
    this.left = options.left ?? [];
  }
}
