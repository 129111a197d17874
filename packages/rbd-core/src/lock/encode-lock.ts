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
    text(name),
    Buffer.from([exclusive]),
    text(cookie),
    text(""),
    text(description),
    u32(leaseSeconds),
    u32(0),
    Buffer.from([renew ? mustRenew : 0]),
  );
}

/** `cls_lock_unlock_op`, version 1. */
export function encodeUnlock({ name, cookie }: Pick<LockRequest, "name" | "cookie">): Buffer {
  return versioned1(text(name), text(cookie));
}

/** What Ceph writes in front of every structure: version, oldest compatible version, length. */
function versioned1(...fields: Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.from([1, 1]), u32(content.length), content]);
}

function text(value: string): Buffer {
  const bytes = Buffer.from(value, "utf8");
  return Buffer.concat([u32(bytes.length), bytes]);
}

function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32LE(value);
  return bytes;
}
