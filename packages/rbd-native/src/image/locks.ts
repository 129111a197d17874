import type { CallOptions } from "../call-options.ts";
import { native } from "../internal/binding.ts";
import { change, read } from "../internal/call.ts";
import { checkName, checkText } from "../internal/check.ts";
import type { OpenImage } from "./open-image.ts";

export interface Watcher {
  /** `127.0.0.1:0/1234`. */
  readonly address: string;
  readonly clientId: bigint;
  readonly cookie: bigint;
}

export interface Locker {
  /** `client.4123`, as {@link breakLock} takes it. */
  readonly client: string;
  readonly cookie: string;
  readonly address: string;
}

export interface LockInfo {
  readonly exclusive: boolean;
  /** What those who share the lock agreed on. */
  readonly tag: string;
  readonly lockers: readonly Locker[];
}

export async function lockExclusive(image: OpenImage, cookie: string, o?: CallOptions): Promise<void> {
  checkText("rbd_lock_exclusive", image.spec, "cookie", cookie);
  await change(image.spec, o, (operation) => native.lockExclusive(image.handle, cookie, operation));
}

export async function lockShared(
  image: OpenImage,
  cookie: string,
  tag: string,
  o?: CallOptions,
): Promise<void> {
  checkText("rbd_lock_shared", image.spec, "cookie", cookie);
  checkText("rbd_lock_shared", image.spec, "tag", tag);
  await change(image.spec, o, (operation) => native.lockShared(image.handle, cookie, tag, operation));
}

export async function unlock(image: OpenImage, cookie: string, o?: CallOptions): Promise<void> {
  checkText("rbd_unlock", image.spec, "cookie", cookie);
  await change(image.spec, o, (operation) => native.unlock(image.handle, cookie, operation));
}

export async function breakLock(
  image: OpenImage,
  client: string,
  cookie: string,
  o?: CallOptions,
): Promise<void> {
  checkName("rbd_break_lock", image.spec, "client", client);
  checkText("rbd_break_lock", image.spec, "cookie", cookie);
  await change(image.spec, o, (operation) => native.breakLock(image.handle, client, cookie, operation));
}

/** Undefined when nobody holds it. */
export async function exclusiveLockOwner(image: OpenImage, o?: CallOptions): Promise<string | undefined> {
  const owners = await read(image.spec, o, (operation) =>
    native.exclusiveLockOwners(image.handle, operation),
  );
  return owners[0];
}

export async function breakExclusiveLock(image: OpenImage, owner: string, o?: CallOptions): Promise<void> {
  checkName("rbd_lock_break", image.spec, "owner", owner);
  await change(image.spec, o, (operation) => native.breakExclusiveLock(image.handle, owner, operation));
}
