import { codeOf, RbdError } from "../rbd-error.ts";
import { native } from "./binding.ts";
import type { NativeFailure, Operation } from "./native-types.ts";

export interface CallOptions {
  /**
   * Cancels the call. A call that still waits in the queue is never made. A running call stops where librbd can cancel
   * it; otherwise a call that only reads rejects at once and its result is dropped, and a call that changes something is
   * waited for, and fulfils if it succeeds after all. A rejection carries `signal.reason`.
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
 * Makes a call that changes something: with a signal it is cancelled where librbd supports that, and waited for in any
 * case, so that the caller never goes on while the call still changes something.
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
    if (!listenerFailed) throw signal?.aborted ? signal.reason : toRbdError(error, object);
  } finally {
    signal?.removeEventListener("abort", cancel);
  }
  throw listenerFailed.error;
}

/**
 * Makes a call that only reads: with a signal it rejects at once on abort, and a result that still arrives is given to
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
 * Waits for a promise of the compiled part, and rejects with an RbdError. With a signal it rejects on abort without
 * waiting any longer, and a result that still arrives is given to discard.
 */
export async function settle<T>(
  object: string,
  signal: AbortSignal | undefined,
  pending: Promise<T>,
  discard?: (late: T) => void,
  onAbort?: () => void,
): Promise<T> {
  if (!signal) {
    try {
      return await pending;
    } catch (error) {
      throw toRbdError(error, object);
    }
  }
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
