import { randomUUID } from "node:crypto";
import { setTimeout as pause } from "node:timers/promises";
import { type IoCtx, writeSteps } from "rbd-native";
import { hasCode } from "../errors/index.ts";
import { encodeText, encodeU32 } from "../headers/index.ts";

export interface ObjectLockOptions {
  /** Which lock of the object. */
  name: string;
  description: string;
  /** After so many seconds without a sign of life the lock is free again. */
  leaseSeconds: number;
  /** How long to wait for another holder. */
  patienceSeconds: number;
  signal: AbortSignal | undefined;
}

export interface HeldLock extends AsyncDisposable {
  /** Gives the lock back. One whose lease ran out meanwhile is not held any more, which is no error. */
  release(): Promise<void>;
}

const pauseMs = 40;

/**
 * Takes an advisory lock on an object that is there, and keeps it until it is released: the lease is renewed as
 * long as this process lives. `null` when another holder did not let go within the patience.
 *
 * Source: RADOS' `lock` class, as in `rados lock get`.
 *
 * @throws {RbdError} `NOT_FOUND` without the object; the signal's reason
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
  while (!(await taken(() => lock(false), unlock))) {
    if (performance.now() > deadline) return null;
    await pause(pauseMs);
    signal?.throwIfAborted();
  }
  // A renewal that fails lets the lease run out: then another client may take the lock, as it is meant to be.
  const renewal = setInterval(() => void lock(true).catch(() => clearInterval(renewal)), leaseSeconds * 333);
  renewal.unref();
  const release = async () => {
    clearInterval(renewal);
    await unlock();
  };
  return { release, [Symbol.asyncDispose]: release };
}

/** A call that fails can have taken the lock all the same. */
async function taken(lock: () => Promise<void>, unlock: () => Promise<void>): Promise<boolean> {
  try {
    await lock();
    return true;
  } catch (error) {
    if (hasCode(error, "BUSY")) return false;
    // Should this fail as well, the lease runs out.
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
  /** After so many seconds the OSD forgets the lock by itself. */
  leaseSeconds: number;
  /** Asks to begin the lease anew, of a lock that is still held. */
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

/** What Ceph writes in front of every structure: version, oldest compatible version, length. */
function versioned1(...fields: Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.from([1, 1]), encodeU32(content.length), content]);
}
