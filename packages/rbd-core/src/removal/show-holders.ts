import type { LockFacts, WatcherFacts } from "../deletion/deletion-facts.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { CloneOfImage } from "./removal-facts.ts";

/** Who keeps an image from being removed. */
export interface Holders {
  watchers: readonly WatcherFacts[];
  locks: readonly LockFacts[];
}

/** "client.4123 at 192.0.2.7:0/1234567 has it open, client.4123 at … holds its lock"; "" when nobody does. */
export function showHolders(holders: Holders): string {
  const watchers = holders.watchers.map(({ client, address }) => `${client} at ${address} has it open`);
  const owners = holders.locks.map(({ client, address }) => `${client} at ${address} holds its lock`);
  return [...watchers, ...owners].join(", ");
}

/** "rbd/vm-1 (of @snap), rbd/vm-2 (of @snap, in the trash)". */
export function showClones(clones: readonly CloneOfImage[]): string {
  return clones
    .map(({ spec, snapshot, inTrash }) => {
      const of = snapshot === null ? "of a removed snapshot" : `of @${snapshot}`;
      return `${showImageSpec(spec)} (${of}${inTrash ? ", in the trash" : ""})`;
    })
    .join(", ");
}
