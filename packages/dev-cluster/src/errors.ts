export const devClusterErrorCodes = [
  /** A daemon or tool of Ceph is not installed. */
  "MISSING_PACKAGES",
  /** Less memory is available than the daemons need. */
  "TOO_LITTLE_MEMORY",
  /** The disk that holds the folder is too full. */
  "TOO_LITTLE_SPACE",
  /** The folder cannot hold a cluster: not writable, no direct I/O, or foreign data in it. */
  "UNSUITABLE_FOLDER",
  /** The folder's `cluster.json` cannot be read or belongs to a newer version. */
  "STATE_UNREADABLE",
  /** Another process starts or stops the same cluster and did not finish in time. */
  "LOCKED",
  /** No free port was found for the monitor. */
  "NO_FREE_PORT",
  /** A tool of Ceph (`ceph-osd --mkfs`, `monmaptool`, …) failed. */
  "TOOL_FAILED",
  /** A daemon ended while it was being started. */
  "DAEMON_FAILED",
  /** A daemon did not become ready, or did not end, before the deadline. */
  "TIMED_OUT",
  /** An option is out of range or names something that is not there. */
  "INVALID_ARGUMENT",
] as const;

export type DevClusterErrorCode = (typeof devClusterErrorCodes)[number];

interface DevClusterErrorDetails {
  /** Positive errno, where the operating system gave one. */
  errno?: number;
  /** The program, system call or option that failed: `"ceph-osd --mkfs"`, `"open"`. */
  call?: string;
  /** The object of the call: a folder, a daemon's name, a port. */
  object?: string;
  /** What to do next, as a sentence. */
  hint?: string;
  cause?: unknown;
}

/** The one error class of this package. The message says what happened and what to do next. */
export class DevClusterError extends Error {
  override readonly name = "DevClusterError";
  readonly code: DevClusterErrorCode;
  readonly errno: number;
  readonly call: string | undefined;
  readonly object: string | undefined;
  readonly hint: string | undefined;

  constructor(code: DevClusterErrorCode, message: string, details: DevClusterErrorDetails = {}) {
    super(details.hint === undefined ? message : `${message} ${details.hint}`, { cause: details.cause });
    this.code = code;
    this.errno = details.errno ?? 0;
    this.call = details.call;
    this.object = details.object;
    this.hint = details.hint;
  }
}

/** The symbolic code (`"ENOENT"`) of an error of the operating system, if `error` is one. */
export function systemErrorCode(error: unknown): string | undefined {
  return error instanceof Error && "code" in error && typeof error.code === "string" ? error.code : undefined;
}

/** The positive errno of an error of the operating system, 0 for any other error. */
export function systemErrno(error: unknown): number {
  return error instanceof Error && "errno" in error && typeof error.errno === "number"
    ? Math.abs(error.errno)
    : 0;
}

/** Whether an error says that a path, or a folder on the way to it, is not there. */
export function isMissing(error: unknown): boolean {
  const code = systemErrorCode(error);
  return code === "ENOENT" || code === "ENOTDIR";
}

/** The promise's value, or undefined when it fails because a path is not there. */
export async function orUndefined<T>(promise: Promise<T>): Promise<T | undefined> {
  try {
    return await promise;
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}
