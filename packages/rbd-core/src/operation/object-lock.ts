import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type IoCtx, writeSteps } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { encodeText, encodeU32 } from "../headers/index.ts";

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
  const lock = (renew: boolean) => {
    const input = encodeLock({ name, cookie, description, leaseSeconds, renew });
    return ioCtx.objects.write(object, [writeSteps.assertExists(), writeSteps.exec("lock", "lock", input)]);
  };
  const unlock = async () => {
    const input = encodeUnlock({ name, cookie });
    try {
      await ioCtx.objects.write(object, [writeSteps.exec("lock", "unlock", input)]);
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

/** Input of `lock.lock` and `lock.unlock`, the class methods behind RADOS' advisory locks. Little-endian. */
interface LockRequest {
  /** Which lock of the object. */
  name: string;
  /** Which holder within this client. */
  cookie: string;
  description: string;
  /** After that many seconds the OSD releases the lock by itself. */
  leaseSeconds: number;
  /** Renews the lease of a lock that is still held. */
  renew: boolean;
}

const exclusive = 1;
const mustRenew = 2;

/** `cls_lock_lock_op`, version 1. */
function encodeLock({ name, cookie, description, leaseSeconds, renew }: LockRequest): Buffer {
  return versioned1(
    encodeText(name),
    Buffer.from([exclusive]),
    encodeText(cookie),
    encodeText(""),
    encodeText(description),
    encodeU32(leaseSeconds),
    encodeU32(0),
    Buffer.from([renew ? mustRenew : 0]),
  );
}

/** `cls_lock_unlock_op`, version 1. */
function encodeUnlock({ name, cookie }: Pick<LockRequest, "name" | "cookie">): Buffer {
  return versioned1(encodeText(name), encodeText(cookie));
}

/** The header of every encoded structure: version, oldest compatible version, length. */
function versioned1(...fields: Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.from([1, 1]), encodeU32(content.length), content]);
}
