import { RbdError } from "rbd-native";
import { CoppiceError } from "./coppice-error.ts";
import type { CoppiceErrorCode } from "./error-code.ts";
import { reasons } from "./reasons.ts";

export interface ErrorPlace {
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
