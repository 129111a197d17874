import { type IoCtx, type ReadStep, readSteps, type WriteStep, writeSteps } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { hasCode } from "../errors/index.ts";
import { decodeValue, encodeText, encodeU32, ignoreNotFound } from "../headers/index.ts";

/** One holder's claim to an exclusive advisory lock of an object, as RADOS' object class `lock` takes it. */
export interface LockClaim {
  /** Which lock of the object. */
  readonly name: string;
  /** Tells the holders within one client apart. */
  readonly cookie: string;
  /** For people who run `rados lock info`. */
  readonly description: string;
  /** After so many seconds without a renewal the OSD forgets the lock. */
  readonly leaseSeconds: number;
}

/** Whether taking a lock fails when this holder has it, begins its lease anew then, or demands that it has it. */
export type LockRenewal = "never" | "allowed" | "required";

const exclusive = 1;
const renewalFlags: Record<LockRenewal, number> = { never: 0, allowed: 1, required: 2 };

/**
 * Takes a lock or begins its lease anew, as one step of a write: the whole write fails with `BUSY` while another
 * holder has the lock. (`cls_lock_lock_op`, version 1)
 */
export function takeLockStep(claim: LockClaim, renewal: LockRenewal): WriteStep {
  const input = versioned1(
    encodeText(claim.name),
    Buffer.from([exclusive]),
    encodeText(claim.cookie),
    encodeText(""),
    encodeText(claim.description),
    encodeU32(claim.leaseSeconds),
    encodeU32(0),
    Buffer.from([renewalFlags[renewal]]),
  );
  return writeSteps.exec("lock", "lock", input);
}

/** Gives a lock back, as one step of a write: `NOT_FOUND` when this holder does not have it. (`cls_lock_unlock_op`) */
export function releaseLockStep({ name, cookie }: Pick<LockClaim, "name" | "cookie">): WriteStep {
  return writeSteps.exec("lock", "unlock", versioned1(encodeText(name), encodeText(cookie)));
}

/** Who holds a lock. */
export interface LockHolder {
  /** The RADOS client, as `client.4123`. */
  readonly client: string;
  readonly cookie: string;
  /** When the lease ends, by the OSD's clock; `null` for a lock without one. */
  readonly expires: Date | null;
}

/**
 * The holder of an exclusive lock, or `null` when it is free. An OSD leaves out a lock whose lease has run out.
 * (`cls_lock_get_info_op`; the lease is why this is not `rados_list_lockers`)
 *
 * @throws {RbdError}
 * @throws {DecodeError}
 */
export async function readLockHolder(
  ioCtx: IoCtx,
  object: string,
  name: string,
  signal?: AbortSignal,
): Promise<LockHolder | null> {
  const step: ReadStep<Buffer> = readSteps.exec("lock", "get_info", versioned1(encodeText(name)));
  const read = await ignoreNotFound(() => ioCtx.objects.read(object, [step], { signal }));
  return read === null ? null : decodeLockHolder(name, read[0]);
}

/**
 * Fences the dead holder of a lock, and takes the lock from it. Requests of its that are still under way would otherwise
 * take effect after its work was examined.
 *
 * @returns False without the permission to fence: then the lease has to run out.
 */
export async function breakDeadHolder(
  cluster: Cluster,
  { ioCtx, object, name }: { readonly ioCtx: IoCtx; readonly object: string; readonly name: string },
  { client, cookie }: Pick<LockHolder, "client" | "cookie">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  const lock = ioCtx.objects.lock(object, name);
  try {
    const { lockers } = await lock.info({ signal });
    const holder = lockers.find((locker) => locker.client === client && locker.cookie === cookie);
    if (holder !== undefined) await cluster.fence(holder.address, { signal });
    await lock.break(client, cookie, { signal });
    return true;
  } catch (error) {
    if (hasCode(error, "PERMISSION_DENIED")) return false;
    // It ran out by itself, or another process was quicker.
    if (hasCode(error, "NOT_FOUND")) return true;
    throw error;
  }
}

/**
 * Whether the holder of a lock was fenced: its process may live, but nothing takes effect that it sends through that
 * connection. False when this connection may not ask.
 */
export async function isHolderFenced(
  cluster: Cluster,
  { ioCtx, object, name }: { readonly ioCtx: IoCtx; readonly object: string; readonly name: string },
  { client, cookie }: Pick<LockHolder, "client" | "cookie">,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    const { lockers } = await ioCtx.objects.lock(object, name).info({ signal });
    const holder = lockers.find((locker) => locker.client === client && locker.cookie === cookie);
    return holder !== undefined && (await cluster.isFenced(holder.address, { signal }));
  } catch (error) {
    if (hasCode(error, "PERMISSION_DENIED") || hasCode(error, "NOT_FOUND")) return false;
    throw error;
  }
}

/** `cls_lock_get_info_reply`: a map from holder to lease, of which an exclusive lock has one entry at most. */
export function decodeLockHolder(name: string, bytes: Uint8Array): LockHolder | null {
  return decodeValue(`lock ${name}`, bytes, (reader) =>
    reader.versioned("the holders", 1, () => {
      if (reader.u32() === 0) return null;
      const holder = reader.versioned("the holder", 1, () => {
        const type = reader.u8();
        return { client: `${entityTypes[type] ?? type}.${reader.u64()}`, cookie: reader.string() };
      });
      return { ...holder, expires: reader.versioned("the lease", 1, () => reader.time()) };
    }),
  );
}

/** `CEPH_ENTITY_TYPE_*` of those that can hold a lock. */
const entityTypes: Readonly<Record<number, string>> = {
  1: "mon",
  2: "mds",
  4: "osd",
  8: "client",
  16: "mgr",
};

/** What Ceph writes in front of every structure: version, oldest compatible version, length. */
function versioned1(...fields: Buffer[]): Buffer {
  const content = Buffer.concat(fields);
  return Buffer.concat([Buffer.from([1, 1]), encodeU32(content.length), content]);
}
