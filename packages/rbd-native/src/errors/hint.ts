import type { RbdErrorCode } from "./rbd-error-code.ts";

/** A code in words. */
export function describe(code: RbdErrorCode): string {
  return words[code];
}

const words: Record<RbdErrorCode, string> = {
  NOT_FOUND: "no such thing",
  EXISTS: "already there",
  BUSY: "in use",
  PERMISSION_DENIED: "not permitted",
  READ_ONLY: "open for reading only",
  INVALID_ARGUMENT: "not accepted by the cluster",
  NAME_TOO_LONG: "the name is too long",
  UNSUPPORTED: "not supported",
  TIMED_OUT: "no answer in time",
  NO_SPACE: "no space left",
  QUOTA_EXCEEDED: "over the quota",
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

/** What the reader of the message can do next; undefined where the code says it all. */
export function hintFor(code: RbdErrorCode, call: string): string | undefined {
  return hintByCall[call]?.[code] ?? hintByCode[code];
}

const hintByCode: Partial<Record<RbdErrorCode, string>> = {
  BUSY: "Something still uses it: look at its watchers, snapshots, clones and locks",
  PERMISSION_DENIED: "The Ceph user lacks the capability for this: compare with `ceph auth get`",
  READ_ONLY: "It was opened read-only or stands at a snapshot: open the image itself for writing",
  UNSUPPORTED: "The image's features, its format or the cluster's release do not allow this",
  TIMED_OUT:
    "The cluster did not answer in time: look at `ceph status`, or raise the time-outs given at connect",
  NO_SPACE: "The pool or the cluster is full: see `ceph df`",
  QUOTA_EXCEEDED: "Raise the pool's quota or free some of it",
  IN_GROUP: "Take the image out of its group first",
  CLOSED: "Open it again",
  BLOCKLISTED: "The cluster has shut this client out (its lock was broken or it was fenced): connect again",
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
  rbd_snap_unprotect: { BUSY: "The snapshot has clones: flatten or remove them first" },
  rbd_snap_remove2: { BUSY: "The snapshot is protected or has clones" },
  rbd_clone3: { INVALID_ARGUMENT: "With clone format 1 the snapshot must be protected first" },
};
