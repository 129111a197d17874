import type { HeldImage } from "../headers/find-image.ts";
import type { LockFacts, WatcherFacts } from "./deletion-facts.ts";

/**
 * Who has an image open, and who holds its lock. Opens it read-only, which leaves no watcher behind.
 * (`rbd_watchers_list`, `rbd_list_lockers`)
 *
 * @throws {RbdError}
 */
export async function gatherUsers(
  { place, id }: HeldImage,
  signal: AbortSignal | undefined,
): Promise<{ watchers: WatcherFacts[]; locks: LockFacts[] }> {
  await using image = await place.ioCtx.openImage({ id }, { readOnly: true, signal });
  const [watchers, { lockers }] = await Promise.all([
    image.listWatchers({ signal }),
    image.lockInfo({ signal }),
  ]);
  return {
    watchers: watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` })),
    locks: lockers.map(({ client, cookie, address }) => ({ client, cookie, address })),
  };
}
