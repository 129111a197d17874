import { native } from "../internal/binding.ts";
import { type CallOptions, change } from "../internal/call.ts";
import { RbdError } from "../rbd-error.ts";
import type { OpenImage } from "./open-image.ts";

const QUIESCE = 1;
const EIO = 5;

/** Ends with `await using` or close(). */
export interface Watch extends AsyncDisposable {
  close(): Promise<void>;
}

export interface QuiesceListener {
  /** Quiesces the user of the image. The snapshot is taken when the promise fulfils, and not taken when it rejects. */
  onQuiesce(): Promise<void> | void;
  onUnquiesce?(): void;
}

/** Yields once for all changes since the previous iteration. */
export async function* watchUpdates(image: OpenImage, o?: CallOptions): AsyncGenerator<void, void> {
  const { signal } = o ?? {};
  let pending = false;
  let wake = () => {};
  const tell = () => {
    pending = true;
    wake();
  };
  const handle = await change(image.spec, o, (operation) =>
    native.watchUpdates(image.handle, tell, operation),
  );
  const abort = () => wake();
  signal?.addEventListener("abort", abort, { once: true });
  try {
    while (true) {
      if (!pending) {
        await new Promise<void>((resolve) => {
          wake = resolve;
          if (signal?.aborted) resolve();
        });
      }
      signal?.throwIfAborted();
      pending = false;
      yield;
    }
  } finally {
    signal?.removeEventListener("abort", abort);
    await close(image, handle, false);
  }
}

export async function watchQuiesce(image: OpenImage, listener: QuiesceListener): Promise<Watch> {
  // The first event may arrive before the promise of the watch fulfils.
  let known: (handle: bigint) => void = () => {};
  const handle = new Promise<bigint>((resolve) => {
    known = resolve;
  });
  const tell = (event: number) => {
    if (event !== QUIESCE) return void listener.onUnquiesce?.();
    void (async () => {
      const errno = await Promise.resolve()
        .then(() => listener.onQuiesce())
        .then(
          () => 0,
          () => EIO,
        );
      // A handle that was closed in the meantime takes no answer.
      await native.quiesceComplete(image.handle, await handle, errno, undefined).catch(() => {});
    })();
  };
  known(
    await change(image.spec, undefined, (operation) => native.watchQuiesce(image.handle, tell, operation)),
  );
  const end = async () => close(image, await handle, true);
  return { close: end, [Symbol.asyncDispose]: end };
}

async function close(image: OpenImage, handle: bigint, quiesce: boolean): Promise<void> {
  try {
    await change(image.spec, undefined, (operation) =>
      native.unwatch(image.handle, handle, quiesce, operation),
    );
  } catch (error) {
    // Closing the image, or an earlier close of the watch, has ended it.
    if (error instanceof RbdError && (error.code === "CLOSED" || error.code === "NOT_FOUND")) return;
    throw error;
  }
}
