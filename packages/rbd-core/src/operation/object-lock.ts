import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type IoCtx, writeSteps } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { releaseLockStep, takeLockStep } from "./advisory-lock.ts";

export interface ObjectLockOptions {
  /** Which lock of the object. */
  name: string;
  description: string;
  /** The lock is released when it was not renewed for that many seconds. */
  leaseSeconds: number;
  /** How long to wait while another client holds it. */
  patienceSeconds: number;
  signal: AbortSignal | undefined;
}

export interface HeldLock extends AsyncDisposable {
  /** Releases the lock. A lock whose lease has run out is not held any more, which is not an error. */
  release(): Promise<void>;
}

const pauseMs = 40;

/**
 * Takes an advisory lock on an existing object and holds it until it is released: the lease is renewed as long as this
 * process lives. `null` when another client still held it after `patienceSeconds`.
 *
 * Source: the `lock` class of RADOS, as in `rados lock get`.
 *
 * @throws {RbdError} `NOT_FOUND` when the object does not exist; the signal's reason
 */
export async function lockObject(
  ioCtx: IoCtx,
  object: string,
  options: ObjectLockOptions,
): Promise<HeldLock | null> {
  const { name, description, leaseSeconds, patienceSeconds, signal } = options;
  const cookie = randomUUID();
  const claim = { name, cookie, description, leaseSeconds };
  const lock = (renew: boolean) => {
    const take = takeLockStep(claim, renew ? "required" : "never");
    return ioCtx.objects.write(object, [writeSteps.assertExists(), take]);
  };
  const unlock = async () => {
    try {
      await ioCtx.objects.write(object, [releaseLockStep(claim)]);
    } catch (error) {
      if (!hasCode(error, "NOT_FOUND")) throw error;
    }
  };
  const deadline = performance.now() + patienceSeconds * 1000;
  while (!(await tryLock(() => lock(false), unlock))) {
    if (performance.now() > deadline) return null;
    await pause(pauseMs);
    signal?.throwIfAborted();
  }
  // When a renewal fails the lease runs out, and another client may take the lock.
  const renewal = setInterval(() => void lock(true).catch(() => clearInterval(renewal)), leaseSeconds * 333);
  renewal.unref();
  const release = async () => {
    clearInterval(renewal);
    await unlock();
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** Returns false while another client holds the lock. A call that fails may still have taken it, so it is released. */
async function tryLock(lock: () => Promise<void>, unlock: () => Promise<void>): Promise<boolean> {
  try {
    await lock();
    return true;
  } catch (error) {
    if (hasCode(error, "BUSY")) return false;
    // If this fails as well, the lease runs out.
    await Promise.allSettled([unlock()]);
    throw error;
  }
}
