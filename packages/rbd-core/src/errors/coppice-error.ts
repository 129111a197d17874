import { type RbdErrorCode, rbdErrorCodes } from "rbd-native";

/** The codes that only Coppice itself uses, beside those of the binding. */
const ownCodes = [
  "INCOMPLETE",
  "INVALID_NAME",
  "LEASE_LOST",
  "NOT_A_COPY",
  "SOURCE_CHANGED",
  "UNDO_FAILED",
  "VERIFICATION_FAILED",
] as const;

/**
 * The `code` of a {@link CoppiceError}: one of the codes of rbd-native's `RbdError`, or
 * - `INCOMPLETE`: the image is what an operation left that was interrupted while it made it.
 * - `INVALID_NAME`: a name does not parse, or Ceph cannot store it.
 * - `LEASE_LOST`: another process may have taken over the operation, because its lease could not be renewed in time.
 * - `NOT_A_COPY`: the image that an increment should be applied to is not a copy of the snapshot at which the increment
 *   begins, or nothing proves that it is.
 * - `SOURCE_CHANGED`: the source changed between the check and its use.
 * - `UNDO_FAILED`: an operation failed, and so did undoing it. `left` names what it could not remove.
 * - `VERIFICATION_FAILED`: what was read back from a copy is not what was written to it.
 */
export type CoppiceErrorCode = (typeof ownCodes)[number] | RbdErrorCode;

/** Every code. The set is closed: a `switch` over it can be exhaustive. */
export const errorCodes: readonly CoppiceErrorCode[] = [...ownCodes, ...rbdErrorCodes];

export interface CoppiceErrorOptions {
  code: CoppiceErrorCode;
  /** What failed and why: one sentence without a full stop. */
  message: string;
  /** What to do next: a sentence. It is appended to the message. */
  hint?: string | undefined;
  /** Positive. 0 when there was no system error. */
  errno?: number | undefined;
  /** The librbd or librados call that failed, or Coppice's own function. */
  call?: string | undefined;
  /** The image, snapshot or pool that it happened on, as `pool/[namespace/]image[@snap]`. */
  object?: string | undefined;
  /** The objects that an operation created and could not remove again. */
  left?: readonly string[] | undefined;
  cause?: unknown;
}

/**
 * What the functions of `rbd-core` throw when Ceph refuses a call or an argument cannot be used. There are four other
 * kinds of errors: a function that is aborted rejects with its signal's reason; a file or stream that is not in the
 * expected format is a `FormatError`; a `<domainsnapshot>` that cannot be used is a `DomainSnapshotError`; and the methods
 * of a handle that came from rbd-native, such as the image that `openImage` returns, reject with `RbdError`.
 *
 * Branch on `code`, show `message` to the user, and keep `cause` for the log.
 */
export class CoppiceError extends Error {
  override readonly name = "CoppiceError";
  readonly code: CoppiceErrorCode;
  readonly errno: number;
  readonly call: string;
  readonly object: string | undefined;
  readonly hint: string | undefined;
  /** The objects that should have been removed and still exist. Empty unless `code` is `UNDO_FAILED`. */
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
