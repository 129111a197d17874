import type { CallOptions, ProgressOptions } from "../call-options.ts";
import { native } from "./binding.ts";
import type { OperationRef } from "./binding-types.ts";
import { toRbdError } from "./failure.ts";

type Start<T> = (operation: OperationRef | undefined) => Promise<T>;

/**
 * Makes a call that changes something: with a signal it is cancelled where librbd can, and waited for in any
 * case, so that nobody goes on while it is still at work.
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
 * Makes a call that only reads: with a signal it rejects at once, and what still arrives is given to discard.
 */
export async function read<T>(
  object: string,
  options: CallOptions | undefined,
  start: Start<T>,
  discard?: (late: T) => void,
): Promise<T> {
  const signal = options?.signal;
  if (!signal) {
    try {
      return await start(undefined);
    } catch (error) {
      throw toRbdError(error, object);
    }
  }
  signal.throwIfAborted();
  const operation = native.createOperation(undefined);
  return await leaveOnAbort(object, signal, start(operation), discard, () =>
    native.cancelOperation(operation),
  );
}

/** Waits for a promise of the compiled part, but not beyond the signal. */
export function leaveOnAbort<T>(
  object: string,
  signal: AbortSignal,
  pending: Promise<T>,
  discard?: (late: T) => void,
  onAbort?: () => void,
): Promise<T> {
  return new Promise<T>((resolve, reject) => {
    const abort = () => {
      onAbort?.();
      reject(signal.reason);
    };
    signal.addEventListener("abort", abort, { once: true });
    const settled = () => signal.removeEventListener("abort", abort);
    pending.then(
      (value) => {
        settled();
        if (signal.aborted) discard?.(value);
        resolve(value);
      },
      (error) => {
        settled();
        reject(toRbdError(error, object));
      },
    );
  });
}
