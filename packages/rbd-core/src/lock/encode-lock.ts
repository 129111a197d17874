import { encodeText, encodeU32 } from "../headers/encode.ts";

/** Input of `lock.lock` and `lock.unlock`, the class methods behind RADOS' advisory locks. Little-endian. */
export interface LockRequest {
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
export function encodeLock({ name, cookie, description, leaseSeconds, renew }: LockRequest): Buffer {
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
export function encodeUnlock({ name, cookie }: Pick<LockRequest, "name" | "cookie">): Buffer {
  return versioned1(encodeText(name), encodeText(cookie));
}

/** What Ceph writes in front of every structure: version, oldest compatible version, length. */
function versioned1(...fields: Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.from([1, 1]), encodeU32(content.length), content]);
}
