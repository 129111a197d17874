import { type RbdErrorCode, rbdErrorCodes } from "rbd-native";

/** What only Coppice itself refuses with. */
const ownCodes = ["INVALID_NAME", "NOT_A_COPY", "SOURCE_CHANGED", "UNDO_FAILED"] as const;

/**
 * The `code` of a {@link CoppiceError}: one of Ceph's refusals, as `RbdError` has them, or
 * - `INVALID_NAME`: a name that does not parse, or that Ceph could not hold.
 * - `NOT_A_COPY`: an increment's base is a copy of another snapshot than the increment begins at, or nothing says that
 *   it is one.
 * - `SOURCE_CHANGED`: what had been checked was no longer so when it was about to be used.
 * - `UNDO_FAILED`: an operation failed, and so did undoing it. `left` says what is still there.
 */
export type CoppiceErrorCode = (typeof ownCodes)[number] | RbdErrorCode;

/** Every code. The set is closed: a `switch` over it can be exhaustive. */
export const errorCodes: readonly CoppiceErrorCode[] = [...ownCodes, ...rbdErrorCodes];
