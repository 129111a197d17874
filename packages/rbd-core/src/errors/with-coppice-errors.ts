import { RbdError } from "rbd-native";
import { CoppiceError, type CoppiceErrorCode } from "./coppice-error.ts";

interface Reason {
  /** Ends the sentence "rbd/vm-1 could not be opened: …". */
  why: string;
  /** What to do about it, when the place it came from knows nothing better. */
  hint?: string;
}

/** Ceph's refusals in words. A code that is not here says too little by itself: the binding's message does. */
const reasons: Partial<Record<CoppiceErrorCode, Reason>> = {
  NOT_FOUND: {
    why: "it is not there",
    hint: "Check the name; it may have been renamed, moved to the trash or deleted.",
  },
  EXISTS: { why: "it is there already", hint: "Choose another name." },
  BUSY: {
    why: "it is in use",
    hint: "A client, a clone, a protected snapshot or an operation under way holds it; wait for that to end, or end it.",
  },
  PERMISSION_DENIED: {
    why: "this Ceph user may not do that",
    hint: "Give the user the capabilities `profile rbd` on the monitors and on this pool.",
  },
  READ_ONLY: {
    why: "it is read-only",
    hint: "It is a snapshot, or a mirrored copy of an image elsewhere: change the original.",
  },
  TIMED_OUT: { why: "the cluster did not answer in time", hint: "Look at `ceph status`." },
  NO_SPACE: { why: "the cluster is full", hint: "Look at `ceph df`." },
  QUOTA_EXCEEDED: { why: "the pool's quota is used up", hint: "Raise the quota, or free space." },
  NOT_EMPTY: { why: "it still has snapshots", hint: "Remove its snapshots first." },
  IN_GROUP: { why: "it belongs to a group", hint: "Take it out of its group first." },
  BLOCKLISTED: { why: "the cluster has fenced this client off", hint: "Connect again." },
  CLOSED: { why: "the connection was closed", hint: "Connect again." },
  SHUTDOWN: { why: "the connection is gone", hint: "Connect again." },
};

interface ErrorPlace {
  /** What it happened on, when that is known better here than in the binding. */
  object?: string;
  /** Begins the message: "rbd/vm-1 could not be opened". */
  what?: string;
  hint?: string | undefined;
}

/**
 * The one place where the binding's errors become Coppice's. What is not the binding's (an abort reason, a
 * `TypeError`) is returned as it is.
 */
export function toCoppiceError(error: unknown, place: ErrorPlace = {}): unknown {
  // A handle could not be closed after something had failed already: that something is what happened.
  if (error instanceof SuppressedError) return toCoppiceError(error.suppressed, place);
  if (!(error instanceof RbdError)) return error;
  const { code, errno, call } = error;
  const object = place.object ?? error.object;
  const reason = reasons[code];
  const what = place.what ?? (object === undefined ? call : `${call} on ${object}`);
  return new CoppiceError({
    code,
    errno,
    call,
    object,
    message: `${what}: ${reason?.why ?? error.message}`,
    hint: place.hint ?? reason?.hint,
    cause: error,
  });
}

/** Runs `action` and turns the binding's errors into Coppice's. */
export async function withCoppiceErrors<T>(place: ErrorPlace, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    throw toCoppiceError(error, place);
  }
}

/** Whether `error` is Ceph's or Coppice's refusal with this code. */
export function hasCode(error: unknown, code: CoppiceErrorCode): boolean {
  return (error instanceof CoppiceError || error instanceof RbdError) && error.code === code;
}
