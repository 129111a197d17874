import { RbdError } from "rbd-native";
import { CoppiceError, type CoppiceErrorCode } from "./coppice-error.ts";

interface Explanation {
  /** Completes the sentence "rbd/vm-1 could not be opened: …". */
  reason: string;
  /** What to do next, unless the failed call or operation gives a better hint. */
  hint: string;
}

/** For a code that is missing here the binding's own message says more than a general sentence could. */
const explanations: Partial<Record<CoppiceErrorCode, Explanation>> = {
  NOT_FOUND: {
    reason: "it does not exist",
    hint: "Check the name; it may have been renamed, moved to the trash or deleted.",
  },
  EXISTS: { reason: "it already exists", hint: "Choose another name." },
  BUSY: {
    reason: "it is in use",
    hint: "A client, a clone, a protected snapshot or a running operation uses it. Wait until that ends, or end it.",
  },
  PERMISSION_DENIED: {
    reason: "this Ceph user lacks the permission",
    hint: "Give the user the capabilities `profile rbd` on the monitors and on this pool.",
  },
  READ_ONLY: {
    reason: "it cannot be written to",
    hint: "It is a snapshot, the mirror of an image in another cluster, or another client holds its exclusive lock and keeps it: `rbd lock ls` names that client.",
  },
  TIMED_OUT: { reason: "the cluster did not answer in time", hint: "Check `ceph status`." },
  NO_SPACE: { reason: "the cluster is full", hint: "Check `ceph df` and free space." },
  QUOTA_EXCEEDED: { reason: "the pool has reached its quota", hint: "Raise the quota or free space." },
  NOT_EMPTY: { reason: "it still has snapshots", hint: "Remove its snapshots first." },
  IN_GROUP: { reason: "it belongs to a group", hint: "Remove it from its group first." },
  BLOCKLISTED: { reason: "the cluster has blocklisted this client", hint: "Connect again." },
  CLOSED: { reason: "the connection was closed", hint: "Connect again." },
  SHUTDOWN: { reason: "the connection was shut down", hint: "Connect again." },
};

/** What the caller knows about the failed operation. */
interface ErrorContext {
  /** The image, snapshot or pool, when the caller knows it better than the binding. */
  object?: string;
  /** The beginning of the message: "rbd/vm-1 could not be opened". */
  what?: string;
  hint?: string | undefined;
}

/** Runs `action` and converts the binding's errors; see {@link toCoppiceError}. */
export async function withCoppiceErrors<T>(context: ErrorContext, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toCoppiceError(error, context);
  }
}

/**
 * Converts an `RbdError` of the binding to a {@link CoppiceError}. Any other error (an abort reason, a `TypeError`) is
 * returned unchanged.
 */
export function toCoppiceError(error: unknown, context: ErrorContext = {}): unknown {
  // Closing a handle failed after another failure: the first failure is the one to report.
  if (error instanceof SuppressedError) return toCoppiceError(error.suppressed, context);
  if (!(error instanceof RbdError)) return error;
  const { code, errno, call } = error;
  const object = context.object ?? error.object;
  const explanation = explanations[code];
  const what = context.what ?? (object === undefined ? call : `${call} on ${object}`);
  // What the binding says about this call is more precise than a general sentence for the code.
  const reason = error.detail ?? explanation?.reason ?? error.message;
  const hint = error.hint === undefined ? (context.hint ?? explanation?.hint) : `${error.hint}.`;
  return new CoppiceError({
    code,
    errno,
    call,
    object,
    message: `${what}: ${reason}`,
    hint,
    cause: error,
  });
}

/** Whether `error` is an `RbdError` or a {@link CoppiceError} with this code. */
export function hasCode(error: unknown, code: CoppiceErrorCode): boolean {
  return (error instanceof CoppiceError || error instanceof RbdError) && error.code === code;
}
