import { constants } from "node:os";
import { getSystemErrorName } from "node:util";

export interface RbdErrorFacts {
  readonly code: RbdErrorCode;
  /** Positive; 0 when no C function failed. */
  readonly errno: number;
  /** The C function, `rbd_open`. */
  readonly call: string;
  /** The object of the call: `rbd/vm-1`. */
  readonly object?: string | undefined;
  /** A description of the failure that is more precise than the code. */
  readonly detail?: string | undefined;
  readonly cause?: unknown;
}

/** A call of librbd or librados failed, or was not made because its arguments were invalid. */
export class RbdError extends Error {
  override readonly name = "RbdError";
  readonly code: RbdErrorCode;
  /** The positive errno of the C function; 0 when none was called or it does not apply. */
  readonly errno: number;
  /** The C function that failed (or would have been called): `rbd_open`. */
  readonly call: string;
  /** The object of the call: `rbd/vm-1`. */
  readonly object?: string;
  /** What the message says about the failure beyond its code: the setting, the extent, how much was done. */
  readonly detail?: string;
  /** What to do next, where the call allows for more precise advice than the code. */
  readonly hint?: string;

  constructor(facts: RbdErrorFacts) {
    super(messageOf(facts), facts.cause === undefined ? undefined : { cause: facts.cause });
    this.code = facts.code;
    this.errno = facts.errno;
    this.call = facts.call;
    if (facts.object !== undefined) this.object = facts.object;
    const detail = facts.detail ?? wordsByCall[facts.call]?.[facts.code];
    if (detail !== undefined) this.detail = detail;
    const hint = hintByCall[facts.call]?.[facts.code];
    if (hint !== undefined) this.hint = hint;
  }
}

function messageOf({ code, errno, call, object, detail }: RbdErrorFacts): string {
  const what = errno === 0 ? code : `${code}, ${errnoName(errno)}`;
  const where = object === undefined ? call : `${call} on ${object}`;
  const hint = hintFor(code, call);
  return `${where}: ${detail ?? describe(code, call)} (${what})${hint === undefined ? "" : `. ${hint}`}`;
}

function errnoName(errno: number): string {
  if (errno === 108) return "ESHUTDOWN";
  try {
    return getSystemErrorName(-errno);
  } catch {
    return `errno ${errno}`;
  }
}

const { errno } = constants;

/** Every way in which a call can fail, the same for all Ceph releases. */
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
  // librbd returns it for nothing else.
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

/** What happened, in words: what a code means for this call, or for all. */
function describe(code: RbdErrorCode, call: string): string {
  return wordsByCall[call]?.[code] ?? words[code];
}

const wordsByCall: Record<string, Partial<Record<RbdErrorCode, string>>> = {
  rbd_snap_protect: { BUSY: "the snapshot is already protected" },
  rbd_snap_unprotect: { INVALID_ARGUMENT: "the snapshot is not protected" },
};

const words: Record<RbdErrorCode, string> = {
  NOT_FOUND: "it does not exist",
  EXISTS: "it already exists",
  BUSY: "in use",
  PERMISSION_DENIED: "not permitted",
  READ_ONLY: "it cannot be written to",
  INVALID_ARGUMENT: "not accepted by the cluster",
  NAME_TOO_LONG: "the name is too long",
  UNSUPPORTED: "not supported",
  TIMED_OUT: "the cluster did not answer in time",
  NO_SPACE: "no space left",
  QUOTA_EXCEEDED: "the quota is exceeded",
  NOT_EMPTY: "not empty",
  IN_GROUP: "it belongs to a group",
  OUT_OF_RANGE: "out of range",
  OUT_OF_MEMORY: "out of memory",
  MISMATCH: "the data differs",
  CANCELED: "cancelled",
  CLOSED: "the handle is closed",
  BLOCKLISTED: "this client is on the cluster's blocklist",
  SHUTDOWN: "the connection is shut down",
  IO: "input or output error",
  UNKNOWN: "failed",
};

/** What the reader of the message can do next; undefined where the code is enough. */
function hintFor(code: RbdErrorCode, call: string): string | undefined {
  return hintByCall[call]?.[code] ?? hintByCode[code];
}

const hintByCode: Partial<Record<RbdErrorCode, string>> = {
  BUSY: "It is still in use: check its watchers, snapshots, clones and locks",
  PERMISSION_DENIED: "The Ceph user lacks the capability for this: compare with `ceph auth get`",
  READ_ONLY:
    "It was opened read-only or at a snapshot, is the mirror of another image, or another client holds its exclusive lock and keeps it: `rbd lock ls` names that client",
  UNSUPPORTED: "The image's features, its format or the cluster's release do not allow this",
  TIMED_OUT: "Check `ceph status`, or raise the time-outs given at connect",
  NO_SPACE: "The pool or the cluster is full: see `ceph df`",
  QUOTA_EXCEEDED: "Raise the pool's quota or free some of it",
  IN_GROUP: "Take the image out of its group first",
  CLOSED: "Open it again",
  BLOCKLISTED:
    "The cluster blocklisted this client, because its lock was broken or it was fenced: connect again",
};

const hintByCall: Record<string, Partial<Record<RbdErrorCode, string>>> = {
  rados_conf_read_file: { NOT_FOUND: "Give the path of a ceph.conf, or put one at /etc/ceph/ceph.conf" },
  rados_connect: {
    NOT_FOUND: "No keyring holds this user's key: check `keyring` in ceph.conf and the user's name",
    PERMISSION_DENIED: "The key of this user is not the cluster's: compare the keyring with `ceph auth get`",
    TIMED_OUT: "No monitor answered: check `mon host` in ceph.conf and that the monitors run",
  },
  rbd_remove_with_progress: {
    NOT_EMPTY: "The image has snapshots: remove them first",
    BUSY: "The image is open somewhere or has clones",
  },
  rados_conf_set: {
    NOT_FOUND: "Check the spelling: `ceph config ls` lists the names of all settings",
    INVALID_ARGUMENT: "`ceph config help` describes the values that a setting takes",
  },
  rbd_aio_compare_and_write: {
    INVALID_ARGUMENT:
      "The range must lie within one 512-byte sector with Ceph 16, and within one stripe unit since Ceph 17",
  },
  rbd_snap_protect: { BUSY: "Nothing has to be done" },
  rbd_snap_unprotect: {
    BUSY: "The snapshot has clones: flatten or remove them first",
    INVALID_ARGUMENT: "Nothing has to be done",
  },
  rbd_snap_remove2: { BUSY: "The snapshot is protected or has clones" },
  rbd_clone3: { INVALID_ARGUMENT: "With clone format 1 the snapshot must be protected first" },
};
