import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow } from "../concurrency/index.ts";
import { CoppiceError, type CoppiceErrorCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { readSnapshots, type SnapshotKind, type SnapshotRow } from "../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { LockFacts, WatcherFacts } from "./deletion-facts.ts";

/** A clone, as the snapshot it hangs on knows it. */
export interface CloneOfImage {
  /** Without a snapshot. In the trash, the name it had. */
  spec: ImageSpec;
  imageId: string;
  inTrash: boolean;
  /** The snapshot it was cloned from; `null` for one that was removed since, and is kept in the trash. */
  snapshot: string | null;
}

/** Everything that decides whether an image can go. */
export interface RemovalFacts {
  /** Without a snapshot. */
  spec: ImageSpec;
  /** `""` for an image of format 1. */
  id: string;
  /** Bytes. */
  size: number;
  /** Oldest first; of all kinds. */
  snapshots: readonly SnapshotRow[];
  /** The name of the group it belongs to. */
  group: string | null;
  /** In every pool and namespace, and in the trash. */
  clones: readonly CloneOfImage[];
  watchers: readonly WatcherFacts[];
  locks: readonly LockFacts[];
}

/**
 * - `old-format`: it has format 1, which has no trash, so its removal could not be taken back.
 * - `group`: it belongs to a group. In the trash it would keep others from listing that, and could not be removed.
 * - `clones`: other images read from it.
 * - `snapshots`: it has snapshots that nobody said may go.
 * - `kept-snapshots`: snapshots that Ceph keeps for a group or for mirroring.
 * - `in-use`: a client has it open or holds its lock. It may be gone in a moment.
 */
export type RemovalBlockerKind =
  | "old-format"
  | "group"
  | "clones"
  | "snapshots"
  | "kept-snapshots"
  | "in-use";

export interface RemovalBlocker {
  kind: RemovalBlockerKind;
  /** One sentence without a full stop, that names everything it is about. */
  message: string;
}

/** Which snapshots go along with the image: none, these by name, or all the user's own. */
export type DoomedSnapshots = "none" | "all" | readonly string[];

export interface RemovalVerdict {
  /** Empty when the image can go. Those that last come before `in-use`. */
  blockers: RemovalBlocker[];
  /** The user's snapshots that go first, oldest first. */
  snapshots: SnapshotRow[];
}

/** Snapshots that librbd itself removes with the image, or that go with the last clone. */
const selfCleaning: readonly SnapshotKind[] = ["trash"];

/** Says what stands against removing an image, all of it at once. Pure. */
export function evaluateRemoval(facts: RemovalFacts, doomed: DoomedSnapshots): RemovalVerdict {
  const object = showImageSpec(facts.spec);
  const blockers: RemovalBlocker[] = [];
  const add = (kind: RemovalBlockerKind, message: string) => blockers.push({ kind, message });
  if (facts.id === "") add("old-format", `${object} has format 1, which has no trash`);
  if (facts.group !== null) add("group", `${object} belongs to the group ${facts.group}`);
  if (facts.clones.length > 0) {
    const count = facts.clones.length;
    add(
      "clones",
      `${count === 1 ? "1 clone reads" : `${count} clones read`} from ${object}: ${showClones(facts.clones)}`,
    );
  }
  const users = facts.snapshots.filter(({ kind }) => kind === "user");
  const refused = users.filter(
    ({ name }) => doomed !== "all" && (doomed === "none" || !doomed.includes(name)),
  );
  if (refused.length > 0) add("snapshots", `${object} has ${listed(refused)}`);
  const kept = facts.snapshots.filter(({ kind }) => kind !== "user" && !selfCleaning.includes(kind));
  if (kept.length > 0) add("kept-snapshots", `${object} has ${listed(kept)} of a group or of mirroring`);
  const holders = showHolders(facts);
  if (holders !== "") add("in-use", `${object} is in use: ${holders}`);
  return { blockers, snapshots: users.filter((snapshot) => !refused.includes(snapshot)) };
}

interface BlockedRemoval {
  facts: Pick<RemovalFacts, "spec">;
  /** At least one. */
  blockers: readonly RemovalBlocker[];
}

/** The refusal that the blockers of one or several images amount to. It names all of them. */
export function removalRefusal(call: string, blocked: readonly BlockedRemoval[]): CoppiceError {
  const all = blocked.flatMap(({ blockers }) => blockers);
  const first = all[0]?.kind ?? "in-use";
  return new CoppiceError({
    code: codes[first],
    call,
    object: blocked.map(({ facts }) => showImageSpec(facts.spec)).join(", "),
    message: `nothing was removed: ${all.map(({ message }) => message).join("; ")}`,
    hint: hints[first],
  });
}

const codes: Readonly<Record<RemovalBlockerKind, CoppiceErrorCode>> = {
  "old-format": "UNSUPPORTED",
  group: "IN_GROUP",
  clones: "BUSY",
  snapshots: "NOT_EMPTY",
  "kept-snapshots": "NOT_EMPTY",
  "in-use": "BUSY",
};

const hints: Readonly<Record<RemovalBlockerKind, string>> = {
  "old-format": "Remove it at once, with `removeImage`.",
  group: "Take the image out of its group first.",
  clones: "Remove the clones or flatten them first.",
  snapshots: "Remove the snapshots first, or say that they may go too.",
  "kept-snapshots": "Take the image out of its group, or disable mirroring for it, first.",
  "in-use": "Stop the client first.",
};

function listed(snapshots: readonly SnapshotRow[]): string {
  const names = snapshots.map(({ name }) => `@${name}`).join(", ");
  return `${snapshots.length} snapshot${snapshots.length === 1 ? "" : "s"} (${names})`;
}

/** Looks at everything that decides whether an image can go. Only reads. @throws {CoppiceError} `NOT_FOUND` */
export async function readRemovalFacts(cluster: Cluster, spec: ImageSpec): Promise<RemovalFacts> {
  const object = showImageSpec(spec);
  await using image = await openImage(cluster, spec, { readOnly: true });
  return await withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    const snapshots = await readSnapshots(image);
    const [size, group, clones, holders] = await allSettledOrThrow([
      image.size(),
      image.group(),
      readClones(image, snapshots),
      readHolders(image),
    ]);
    return { spec, id: image.id, size, snapshots, group: group?.name ?? null, clones, ...holders };
  });
}

/** Who has the image open or holds its lock. A handle that only reads is not among them. */
export async function readHolders(image: Image): Promise<Holders> {
  const [watchers, locks] = await allSettledOrThrow([image.listWatchers(), image.lockInfo()]);
  return {
    watchers: watchers.map(({ address, clientId }) => ({ address, client: `client.${clientId}` })),
    locks: locks.lockers.map(({ client, cookie, address }) => ({ client, cookie, address })),
  };
}

/** Every clone, wherever it is, with the snapshot it hangs on. (`rbd_list_children3`) */
async function readClones(image: Image, snapshots: readonly SnapshotRow[]): Promise<CloneOfImage[]> {
  const all = await image.listChildren();
  if (all.length === 0) return [];
  const key = (child: (typeof all)[number]) =>
    JSON.stringify([child.poolName, child.namespace, child.imageId]);
  const snapshotOf = new Map<string, string>();
  for (const { kind, name } of snapshots) {
    // One in the trash has no name to ask by; its clones are those that no other snapshot has.
    if (kind === "trash") continue;
    for (const child of await image.listChildren(name)) snapshotOf.set(key(child), name);
  }
  return all.map((child) => ({
    spec: { pool: child.poolName, namespace: child.namespace, image: child.imageName },
    imageId: child.imageId,
    inTrash: child.trash,
    snapshot: snapshotOf.get(key(child)) ?? null,
  }));
}

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
function showClones(clones: readonly CloneOfImage[]): string {
  return clones
    .map(({ spec, snapshot, inTrash }) => {
      const of = snapshot === null ? "of a removed snapshot" : `of @${snapshot}`;
      return `${showImageSpec(spec)} (${of}${inTrash ? ", in the trash" : ""})`;
    })
    .join(", ");
}
