import { showGroup } from "../../inventory/index.ts";
import { type ChildFacts, showImage } from "./children.ts";
import type { DeletionFacts, SnapshotFacts } from "./deletion-facts.ts";
import { deadClientHint } from "./image-users.ts";

/**
 * How the target is deleted:
 * - `trash`: it is moved out of the way at once, and nothing is destroyed while something needs it. An image is moved to
 *   the pool's trash, from where it can be restored; a snapshot with clones loses its name, and Ceph keeps it until the
 *   last clone is flattened or removed.
 * - `remove`: it is removed for good, which frees the space.
 */
export type DeletionWay = "trash" | "remove";

export const blockerKinds = [
  "child",
  "unasked-pool",
  "protected",
  "snapshot",
  "group",
  "group-snapshot",
  "mirror-snapshot",
  "unknown-snapshot",
  "mirrored",
  "watcher",
  "lock",
  "migration",
  "dependant",
  "deferred",
  "old-format",
] as const;
export type BlockerKind = (typeof blockerKinds)[number];

/** One reason why the target cannot simply be removed. */
export interface Blocker {
  kind: BlockerKind;
  /** The snapshot it is about, if any. */
  snapshot: string | null;
  /** What blocks it: the clone, the group, the address. */
  object: string;
  /** One sentence without a full stop. */
  message: string;
  /** Of a lock: who holds it, as `breakLock` takes it. */
  owner?: string;
  /** What the user can do, as a sentence; `null` when a step of the plan does it. */
  hint: string | null;
  /** The ways that it closes. A blocker that a step removes closes none. */
  closes: DeletionWay[];
}

const all: DeletionWay[] = ["trash", "remove"];
const removal: DeletionWay[] = ["remove"];
const none: DeletionWay[] = [];

/**
 * Every reason why the target cannot simply be removed: first what the user has to do, then what a plan's steps do. Pure.
 */
export function findBlockers(facts: DeletionFacts): Blocker[] {
  const target = facts.snapshots.find(({ id }) => id === facts.snapshotId);
  const found = [
    ...(target === undefined ? imageBlockers(facts) : []),
    ...dependantBlockers(facts),
    ...unaskedBlockers(facts, target),
    ...(target === undefined ? facts.snapshots : [target]).flatMap((snapshot) =>
      snapshotBlockers(snapshot, target !== undefined),
    ),
  ];
  return found.sort((a, b) => Number(a.closes.length === 0) - Number(b.closes.length === 0));
}

function imageBlockers(facts: DeletionFacts): Blocker[] {
  const blockers: Blocker[] = [];
  const add = (blocker: Omit<Blocker, "snapshot">) => blockers.push({ snapshot: null, ...blocker });
  if (facts.image.id === "") {
    add({
      kind: "old-format",
      object: showImage(facts.image),
      message: "the image has format 1, which has no trash",
      hint: "Remove it at once, with `removeImage`.",
      closes: all,
    });
  }
  for (const { address, client } of facts.watchers) {
    add({
      kind: "watcher",
      object: address,
      message: `${client} at ${address} has the image open`,
      hint: `Stop that client, or unmap the image there. ${deadClientHint}`,
      closes: all,
    });
  }
  for (const { client, address, cookie, abandoned } of facts.locks) {
    add({
      kind: "lock",
      object: address,
      owner: client,
      message: abandoned
        ? `${client} at ${address} died and left its lock "${cookie}", which is broken before anything is removed`
        : `${client} at ${address} holds the lock "${cookie}"`,
      hint: abandoned ? null : "Stop that client. If it is gone for good, break its lock with `breakLock`.",
      closes: abandoned ? none : all,
    });
  }
  if (facts.migration !== null) {
    const { role, state } = facts.migration;
    add({
      kind: "migration",
      object: role,
      message: `the image is the ${role} of a migration that is ${state}`,
      hint: "Commit or abort the migration first.",
      closes: all,
    });
  }
  if (facts.mirrored) {
    add({
      kind: "mirrored",
      object: showImage(facts.image),
      message: "the image is mirrored to another cluster",
      hint: "Disable mirroring of this image first.",
      closes: all,
    });
  }
  const deferredUntil = facts.trash?.deferredUntil ?? null;
  if (deferredUntil !== null && deferredUntil > facts.now) {
    add({
      kind: "deferred",
      object: deferredUntil.toISOString(),
      message: `the trash keeps the image until ${deferredUntil.toISOString()}`,
      hint: "Wait until then, or remove it with force.",
      closes: removal,
    });
  }
  if (facts.group !== null) {
    const group = showGroup(facts.group);
    // librbd takes an image out of a group by its id only when both are in the same pool.
    const canLeave = facts.group.pool === facts.image.pool;
    add({
      kind: "group",
      object: group,
      // An image in the trash would keep other clients from listing the group.
      message: `the image is in the group ${group}, which it has to leave for good`,
      hint: canLeave ? null : `Run \`rbd group image rm ${group} ${showImage(facts.image)}\`.`,
      closes: canLeave ? none : all,
    });
  }
  return blockers;
}

function dependantBlockers(facts: DeletionFacts): Blocker[] {
  const concerned = facts.dependants.filter(
    ({ snapshotId }) => facts.snapshotId === null || snapshotId === facts.snapshotId,
  );
  return concerned.map(({ what, snapshotId }) => {
    const snapshot = facts.snapshots.find(({ id }) => id === snapshotId)?.name ?? null;
    return {
      kind: "dependant",
      snapshot,
      object: what,
      message: `${what} needs ${snapshot === null ? "the image" : `the snapshot ${snapshot}`}`,
      hint: "Remove it first, or let it continue from another snapshot.",
      closes: all,
    };
  });
}

/** Ceph itself refuses to unprotect a snapshot as long as it cannot search every pool for clones. */
function unaskedBlockers(facts: DeletionFacts, target: SnapshotFacts | undefined): Blocker[] {
  const concerned = target === undefined ? facts.snapshots : [target];
  if (!concerned.some((snapshot) => snapshot.protected)) return [];
  return facts.unasked.map(({ pool, reason }) => ({
    kind: "unasked-pool",
    snapshot: target?.name ?? null,
    object: pool,
    message: `the pool ${pool} could not be searched for clones: ${reason}`,
    hint: "Use a Ceph user that may read every pool.",
    closes: target === undefined ? removal : all,
  }));
}

function snapshotBlockers(snapshot: SnapshotFacts, isTarget: boolean): Blocker[] {
  const blockers = snapshot.children.map((child) => childBlocker(snapshot, child, isTarget));
  // It goes with the image, and nobody has to decide that.
  if (snapshot.own && snapshot.children.length === 0 && !isTarget) return [];
  const about = { snapshot: snapshot.name, object: snapshot.name };
  if (snapshot.protected) {
    blockers.push({
      kind: "protected",
      ...about,
      message: `the snapshot ${snapshot.name} is protected`,
      hint: null,
      closes: none,
    });
  }
  const foreign = foreignSnapshot(snapshot);
  if (foreign !== undefined) blockers.push({ ...about, ...foreign, closes: isTarget ? all : foreign.closes });
  else if (!isTarget && snapshot.kind === "user") {
    blockers.push({
      kind: "snapshot",
      ...about,
      message: `the image has the snapshot ${snapshot.name}`,
      hint: null,
      closes: none,
    });
  }
  return blockers;
}

/** Snapshots that a user cannot remove. Ceph removes a snapshot in the trash with its last clone. */
function foreignSnapshot(
  snapshot: SnapshotFacts,
): Pick<Blocker, "kind" | "message" | "hint" | "closes"> | undefined {
  switch (snapshot.kind) {
    case "user":
    case "trash":
      return undefined;
    case "group":
      return {
        kind: "group-snapshot",
        message: `the snapshot ${snapshot.name} is a part of a group's snapshot`,
        hint: "Remove the group's snapshot, which removes this part of it.",
        closes: all,
      };
    case "mirror":
      return {
        kind: "mirror-snapshot",
        message: `the snapshot ${snapshot.name} belongs to mirroring`,
        hint: "Disable mirroring of this image, which removes it.",
        closes: removal,
      };
    case "unknown":
      return {
        kind: "unknown-snapshot",
        message: `the snapshot ${snapshot.name} is of a kind that only a newer Ceph knows`,
        hint: "Remove it with the tool that made it.",
        closes: removal,
      };
  }
}

function childBlocker(snapshot: SnapshotFacts, child: ChildFacts, isTarget: boolean): Blocker {
  const spec = showImage(child.image);
  const message = `${spec}${child.inTrash ? " (in the trash)" : ""} is a clone of the snapshot ${snapshot.name}`;
  const blocker = { kind: "child" as const, snapshot: snapshot.name, object: spec };
  // An image in the trash keeps its snapshots. A snapshot itself can only be moved to the trash if its clones have format 2.
  const closes = isTarget && child.cloneFormat === 1 ? all : removal;
  if (child.unreadable !== null) {
    return {
      ...blocker,
      message: `${message}, and it cannot be read: ${child.unreadable}`,
      hint: "Find out what became of that clone before you remove its parent.",
      closes,
    };
  }
  if (child.snapshotsOverParent.length > 0 && !child.deepFlatten) {
    return {
      ...blocker,
      message: `${message}, and so are its snapshots ${child.snapshotsOverParent.join(", ")}`,
      hint: "Remove those snapshots first: flattening does not detach them, because the clone lacks deep-flatten.",
      closes,
    };
  }
  return { ...blocker, message, hint: null, closes: none };
}
