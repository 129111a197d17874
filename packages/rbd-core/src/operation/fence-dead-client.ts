import { setTimeout as pause } from "node:timers/promises";
import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { hasCode } from "../errors/index.ts";
import { breakDeadHolder, readLockHolder } from "./advisory-lock.ts";
import type { Operation } from "./operation.ts";
import { isKnownDead } from "./process-identity.ts";

/** How long it is waited for the OSD to hear of the blocklist, and how often it is asked. */
const patienceMilliseconds = 10_000;
const pollMilliseconds = 50;

/**
 * Ends the watch that the dead holder of an interrupted operation still has on an image, which would go by itself only
 * after 30 seconds: the client is put on the cluster's blocklist. Does nothing unless the process is known to be dead,
 * and to no client but its last one. Without the permission for it, the watch is left to run out.
 *
 * @param image Open, also read-only.
 * @throws {RbdError}
 */
export async function fenceDeadClient(
  cluster: Cluster,
  image: Image,
  { interrupted, signal }: Pick<Operation, "interrupted" | "signal">,
): Promise<void> {
  if (interrupted === null || !isKnownDead(interrupted.holder)) return;
  const dead = interrupted.clients.at(-1);
  const isDead = ({ clientId }: { clientId: bigint }) => clientId.toString(16) === dead;
  const watches = (await image.listWatchers({ signal })).filter(isDead);
  if (watches.length === 0) return;
  try {
    for (const { address } of watches) await cluster.fence(address, { signal });
  } catch (error) {
    if (hasCode(error, "PERMISSION_DENIED")) return;
    throw error;
  }
  const deadline = performance.now() + patienceMilliseconds;
  while ((await image.listWatchers({ signal })).some(isDead) && performance.now() < deadline) {
    await pause(pollMilliseconds);
    signal.throwIfAborted();
  }
}

/**
 * Takes an advisory lock of an object from the dead process that worked on an interrupted operation. A lock that any other
 * client holds, or one that nothing can be known of, is left until its lease runs out.
 *
 * @throws {RbdError}
 */
export async function breakDeadLock(
  cluster: Cluster,
  { interrupted, signal }: Pick<Operation, "interrupted" | "signal">,
  lock: { readonly ioCtx: IoCtx; readonly object: string; readonly name: string },
): Promise<void> {
  if (interrupted === null || !isKnownDead(interrupted.holder)) return;
  const dead = BigInt(`0x${interrupted.clients.at(-1)}`);
  const holder = await readLockHolder(lock.ioCtx, lock.object, lock.name, signal);
  // A connection of this process may be the newest client, when it has taken the operation over before.
  if (holder === null || holder.client !== `client.${dead}` || dead === (await cluster.clientId())) return;
  await breakDeadHolder(cluster, lock, holder, signal);
}
