import { constants } from "node:os";

const { errno } = constants;

/** Every way a call can fail, whatever the Ceph release calls it. */
export const rbdErrorCodes = [
  "NOT_FOUND",
  "EXISTS",
  "BUSY",
  "PERMISSION_DENIED",
  "READ_ONLY",
  "INVALID_ARGUMENT",
  "NAME_TOO_LONG",
  "UNSUPPORTED",
  "TIMED_OUT",
  "NO_SPACE",
  "QUOTA_EXCEEDED",
  "NOT_EMPTY",
  "IN_GROUP",
  "OUT_OF_RANGE",
  "OUT_OF_MEMORY",
  "MISMATCH",
  "CANCELED",
  "CLOSED",
  "BLOCKLISTED",
  "SHUTDOWN",
  "IO",
  "UNKNOWN",
] as const;

export type RbdErrorCode = (typeof rbdErrorCodes)[number];

const codeByErrno = new Map<number, RbdErrorCode>([
  [errno.ENOENT, "NOT_FOUND"],
  [errno.EEXIST, "EXISTS"],
  [errno.EBUSY, "BUSY"],
  [errno.EAGAIN, "BUSY"],
  [errno.EPERM, "PERMISSION_DENIED"],
  [errno.EACCES, "PERMISSION_DENIED"],
  [errno.EROFS, "READ_ONLY"],
  [errno.EINVAL, "INVALID_ARGUMENT"],
  [errno.EDOM, "INVALID_ARGUMENT"],
  [errno.E2BIG, "INVALID_ARGUMENT"],
  [errno.ENAMETOOLONG, "NAME_TOO_LONG"],
  [errno.EOPNOTSUPP, "UNSUPPORTED"],
  [errno.ENOSYS, "UNSUPPORTED"],
  [errno.ENOEXEC, "UNSUPPORTED"],
  [errno.ETIMEDOUT, "TIMED_OUT"],
  [errno.ENOSPC, "NO_SPACE"],
  [errno.EDQUOT, "QUOTA_EXCEEDED"],
  [errno.ENOTEMPTY, "NOT_EMPTY"],
  // librbd has it for nothing else.
  [errno.EMLINK, "IN_GROUP"],
  [errno.ERANGE, "OUT_OF_RANGE"],
  [errno.EFBIG, "OUT_OF_RANGE"],
  [errno.EOVERFLOW, "OUT_OF_RANGE"],
  [errno.ENOMEM, "OUT_OF_MEMORY"],
  [errno.EILSEQ, "MISMATCH"],
  [errno.ECANCELED, "CANCELED"],
  [errno.EINTR, "CANCELED"],
  // librados answers a client on the blocklist with ESHUTDOWN: errno 108, which Node's table does not name.
  [108, "BLOCKLISTED"],
  [errno.ENOTCONN, "SHUTDOWN"],
  [errno.EIO, "IO"],
]);

/** The code of a positive errno. */
export function codeOf(number: number): RbdErrorCode {
  return codeByErrno.get(number) ?? "UNKNOWN";
}
