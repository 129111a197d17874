import type { Image } from "rbd-native";
import type { CallOptions, Cluster } from "../../cluster/index.ts";
import { allSettledOrThrow } from "../../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../../errors/index.ts";
import { type ImageById, isById } from "../../inventory/index.ts";
import { type ImageSpecLike, showImageSpec, toImageOnly } from "../../names/index.ts";

/** A client that has an image open. */
export interface WatcherFacts {
  address: string;
  /** `client.<number>` */
  client: string;
}

/** A client that holds the lock of an image. */
export interface LockFacts {
  /** `client.<number>` */
  client: string;
  cookie: string;
  address: string;
  /**
   * Whether librbd took the lock by itself and its owner has no watch any more: the owner is dead, or was cut off from the
   * cluster. librbd takes such a lock over. A lock that a person or a program took by hand needs no watch, so it is
   * never among these.
   */
  abandoned: boolean;
}

/** The clients that use an image. One that has it open read-only is not among them. */
export interface ImageUsers {
  watchers: WatcherFacts[];
  locks: LockFacts[];
}

/** What becomes of a client that died while it had an image open; follows the advice to stop a client. */
export const deadClientHint =
  "A client that died keeps the image for 30 seconds; after that the same call succeeds.";

/** What to do about the clients that use an image: whole sentences. */
export function hintForUsers({ locks }: Pick<ImageUsers, "locks">): string {
  // A lock that was taken by hand outlives its client's connection.
  const isByHand = locks.some(({ cookie, abandoned }) => !abandoned && !automaticCookie.test(cookie));
  const locked = isByHand ? " A lock that was taken by hand stays until it is broken with `breakLock`." : "";
  return `Stop that client. ${deadClientHint}${locked}`;
}

/** How librbd names the locks that it takes by itself: with the number of its watch. (`ManagedLock`) */
const automaticCookie = /^auto \d+$/;

/** The clients that use an open image. (`rbd_watchers_list`, `rbd_list_lockers`) @throws {RbdError} */
export async function readUsers(image: Image, signal?: AbortSignal): Promise<ImageUsers> {
  // The locks first: an owner that takes its lock meanwhile has had its watch since before that.
  const { lockers, exclusive } = await image.lockInfo({ signal });
  const watchers = await image.listWatchers({ signal });
  const watching = new Set(watchers.map(({ clientId }) => `client.${clientId}`));
  return {
    watchers: watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` })),
    locks: lockers.map(({ client, cookie, address }) => ({
      client,
      cookie,
      address,
      abandoned: exclusive && automaticCookie.test(cookie) && !watching.has(client),
    })),
  };
}

/**
 * Breaks the locks that dead clients left on an open image, and returns who uses it then. Each owner is put on the
 * cluster's blocklist first, as librbd does when it takes a lock over: should it live after all, it can write nothing
 * any more. (`rbd_break_lock`)
 *
 * @throws {RbdError}
 */
export async function breakAbandonedLocks(image: Image, signal?: AbortSignal): Promise<ImageUsers> {
  const before = await readUsers(image, signal);
  if (!before.locks.some(({ abandoned }) => abandoned)) return before;
  // Read again: a client that closed the image between the two reads has given its lock back by now.
  const { watchers, locks } = await readUsers(image, signal);
  const abandoned = locks.filter((lock) => lock.abandoned);
  await allSettledOrThrow(abandoned.map((lock) => breakOne(image, lock)));
  return { watchers, locks: locks.filter((lock) => !lock.abandoned) };
}

/** A lock that somebody else has broken or taken over meanwhile is not this one any more, which is not an error. */
async function breakOne(image: Image, { client, cookie }: LockFacts): Promise<void> {
  try {
    await image.breakLock(client, cookie);
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
  }
}

export interface BreakLockOptions extends CallOptions {
  /** Whose lock is broken: `client.<number>`, as the refusals and a deletion plan name it. */
  owner: string;
}

/** A lock that was broken. */
export interface BrokenLock {
  /** `client.<number>` */
  owner: string;
  address: string;
  cookie: string;
  /** Whether the owner still had the image open: it was cut off from the cluster, and what it had not written is lost. */
  wasInUse: boolean;
}

/**
 * Breaks the lock that a client holds on an image. This is a person's decision: the client is put on the cluster's
 * blocklist, so that it can write nothing any more, to this image or any other one, until it connects anew. Locks of
 * clients that are known to be dead need no such decision: removals and rollbacks break them. (`rbd_break_lock`)
 *
 * @param image by name, or by its id, as for an image in the trash
 * @throws {CoppiceError} `NOT_FOUND` for the image, or when that client holds no lock of it: the message names who does
 */
export async function breakLock(
  cluster: Cluster,
  image: ImageSpecLike | ImageById,
  { owner, signal }: BreakLockOptions,
): Promise<BrokenLock> {
  const { pool, namespace, reference } = isById(image)
    ? { ...image, reference: { id: image.id } }
    : { ...toImageOnly(image), reference: toImageOnly(image).image };
  const name = typeof reference === "string" ? reference : reference.id;
  const object = showImageSpec({ pool, namespace, image: name });
  const ioCtx = await cluster.pool(pool, namespace);
  return await withCoppiceErrors({ object, what: `the lock of ${object} could not be broken` }, async () => {
    await using opened = await ioCtx.openImage(reference, { readOnly: true, signal });
    const users = await readUsers(opened, signal);
    const lock = users.locks.find(({ client }) => client === owner);
    if (lock === undefined) throw notTheOwner(object, owner, users);
    await opened.breakLock(lock.client, lock.cookie, { signal });
    const wasInUse = users.watchers.some(({ client }) => client === owner);
    return { owner, address: lock.address, cookie: lock.cookie, wasInUse };
  });
}

function notTheOwner(object: string, owner: string, { locks }: ImageUsers): CoppiceError {
  const owners = locks.map(({ client, address }) => `${client} at ${address}`);
  return new CoppiceError({
    code: "NOT_FOUND",
    call: "breakLock",
    object,
    message:
      owners.length === 0
        ? `no client holds a lock of ${object}`
        : `${owner} holds no lock of ${object}: it is locked by ${owners.join(", ")}`,
    hint: "Break the lock of the client that holds it, if that client is gone for good.",
  });
}

/** "client.4123 at 192.0.2.7:0/1234567 has it open, client.4123 at … holds its lock"; "" when no client uses it. */
export function showUsers({ watchers, locks }: ImageUsers): string {
  const opened = watchers.map(({ client, address }) => `${client} at ${address} has it open`);
  const locked = locks
    .filter(({ abandoned }) => !abandoned)
    .map(({ client, address }) => `${client} at ${address} holds its lock`);
  return [...opened, ...locked].join(", ");
}
