import { constants } from "node:os";
import { codeOf, RbdError } from "../rbd-error.ts";
import { native } from "./binding.ts";
import type { NativeFailure, Operation } from "./native-types.ts";

export interface CallOptions {
  /**
   * Aborts the call. What that means depends on the call:
   *
   * - A call that was not submitted yet, also one that waits in a queue, is never made. It rejects with
   *   `signal.reason`.
   * - A call that only reads rejects with `signal.reason` at once, or as soon as it has stopped, and its result is
   *   dropped. A read into a buffer of the caller's always rejects only after it has ended: until then the buffer
   *   belongs to the call.
   * - A call that changes something is waited for, and so is {@link Image.flush}. It is cancelled where librbd supports
   *   that, and then rejects with `signal.reason`; what it did until then remains. Otherwise the abort has no effect:
   *   the call fulfils when it took effect, and rejects with an RbdError when it failed.
   * - A change that is submitted in several parts ({@link Image.writeZeroes} and {@link Image.discard} of more than
   *   1 GiB, {@link CopyJob.copy}) submits no further part and waits for those in flight. When something is left to do, it
   *   rejects with an RbdError CANCELED, which says that part of it may have been done, and whose `cause` is
   *   `signal.reason`.
   */
  readonly signal?: AbortSignal | undefined;
}

export interface Progress {
  readonly done: number;
  /** 0 until it is known. */
  readonly total: number;
}

export interface ProgressOptions extends CallOptions {
  /** Called at most about twenty times a second, with the latest figures. An exception ends the call. */
  readonly onProgress?: ((progress: Progress) => void) | undefined;
}

type Start<T> = (operation: Operation) => Promise<T>;

/**
 * Makes a blocking call that changes something: with a signal it is cancelled where librbd supports that, and waited
 * for in any case, so that the caller never goes on while the call still changes something.
 */
export async function change<T>(
  object: string,
  options: ProgressOptions | undefined,
  start: Start<T>,
): Promise<T> {
  const { signal, onProgress } = options ?? {};
  signal?.throwIfAborted();
  let listenerFailed: { error: unknown } | undefined;
  const operation =
    signal || onProgress
      ? native.createOperation(
          onProgress &&
            ((done, total) => {
              try {
                onProgress({ done, total });
              } catch (error) {
                listenerFailed ??= { error };
                cancel();
              }
            }),
        )
      : undefined;
  const cancel = () => operation && native.cancelOperation(operation);
  signal?.addEventListener("abort", cancel, { once: true });
  try {
    const value = await start(operation);
    if (!listenerFailed) return value;
  } catch (error) {
    if (!listenerFailed)
      throw signal?.aborted ? afterAbort(error, object, signal) : toRbdError(error, object);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  throw listenerFailed.error;
}

// librbd ends a cancelled call with one of these: ECANCELED, EINTR, and ERESTART, which Node's table does not name.
const cancelledErrnos = new Set([constants.errno.ECANCELED, constants.errno.EINTR, 85]);

/** What a change rejects with that failed after its signal was aborted: the reason only when it was cancelled. */
function afterAbort(error: unknown, object: string, signal: AbortSignal): unknown {
  if (!isNativeFailure(error) || !cancelledErrnos.has(error.errno)) return toRbdError(error, object);
  if (error.detail === undefined) return signal.reason;
  return partlyDone(error.call, object, error.detail, signal);
}

/** The error of a change that was aborted between its parts. */
export function partlyDone(call: string, object: string, progress: string, signal: AbortSignal): RbdError {
  const { reason } = signal;
  const why = reason instanceof Error ? reason.message : String(reason);
  const detail = `aborted ${progress}, so part of it may have been done: ${why}`;
  return new RbdError({ code: "CANCELED", errno: 0, call, object, detail, cause: reason });
}

/**
 * Waits for the result of a data call that was submitted, and rejects with an RbdError. An abort does not end it: the
 * cluster carries it out in any case, and memory of the caller's is in use until then.
 */
export async function outcome<T>(object: string, pending: Promise<T>): Promise<T> {
  try {
    return await pending;
  } catch (error) {
    throw toRbdError(error, object);
  }
}

/**
 * Makes a blocking call that only reads: with a signal it rejects at once on abort, and a result that still arrives is given to
 * discard.
 */
export async function read<T>(
  object: string,
  options: CallOptions | undefined,
  start: Start<T>,
  discard?: (late: T) => void,
): Promise<T> {
  const signal = options?.signal;
  if (!signal) return await settle(object, undefined, start(undefined));
  signal.throwIfAborted();
  const operation = native.createOperation(undefined);
  const abort = () => native.cancelOperation(operation);
  return await settle(object, signal, start(operation), discard, abort);
}

/**
 * Waits for a call that only reads into memory of its own, and rejects with an RbdError. With a signal it rejects on
 * abort without waiting any longer, and a result that still arrives is given to discard.
 */
export async function settle<T>(
  object: string,
  signal: AbortSignal | undefined,
  pending: Promise<T>,
  discard?: (late: T) => void,
  onAbort?: () => void,
): Promise<T> {
  if (!signal) return await outcome(object, pending);
  return await new Promise<T>((resolve, reject) => {
    const abort = () => {
      onAbort?.();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const stopListening = () => signal.removeEventListener("abort", abort);
    pending.then(
      (value) => {
        stopListening();
        if (signal.aborted) discard?.(value);
        resolve(value);
      },
      (error) => {
        stopListening();
        reject(toRbdError(error, object));
      },
    );
  });
}

function isNativeFailure(error: unknown): error is NativeFailure {
  return (
    typeof error === "object" &&
    error !== null &&
    "errno" in error &&
    "call" in error &&
    !(error instanceof Error)
  );
}

/** The RbdError for what a call of the compiled part rejected with; any other error as it is. */
export function toRbdError(error: unknown, object: string): unknown {
  if (!isNativeFailure(error)) return error;
  const { errno, call, detail, closed } = error;
  if (closed) return new RbdError({ code: "CLOSED", errno: 0, call, object });
  return new RbdError({ code: codeOf(errno), errno, call, object, detail });
}
