import { showImageSpec } from "../names/format-image-spec.ts";
import { findBlockers } from "./blockers.ts";
import type { DeletionFacts, SnapshotFacts } from "./deletion-facts.ts";
import type { DeletionPlan, DeletionStep, DeletionWay, WayPlan } from "./deletion-plan-types.ts";

/**
 * Says what stands in the way of removing an image or one of its snapshots, and the shortest sequences of steps
 * that remove it without losing anything else. Pure: decides from the facts alone.
 *
 * The order is such that nothing is destroyed before it is known that the rest can be done: clones are made
 * independent first, and an image is moved to the trash, where nobody opens it by its name any more, before its
 * first snapshot goes. Ceph moves an image to the trash also while it is open, and refuses only to remove it, so a
 * watcher or a lock closes both ways, and `executeDeletion` looks for them again before each step.
 *
 * @throws {RangeError} when `snapshotId` is not among the snapshots
 */
export function planDeletion(facts: DeletionFacts): DeletionPlan {
  const target = facts.snapshots.find(({ id }) => id === facts.snapshotId) ?? null;
  if (facts.snapshotId !== null && target === null) {
    throw new RangeError(`the image has no snapshot ${facts.snapshotId}`);
  }
  const blockers = findBlockers(facts);
  const closed = new Set(blockers.flatMap(({ closes }) => closes));
  const candidates = target === null ? imageWays(facts) : snapshotWays(target);
  const ways = candidates.map(({ way, steps, frees }): WayPlan => {
    if (closed.has(way)) return { way, open: false, steps: [], copies: 0, frees: null };
    const copies = steps.reduce((sum, step) => sum + (step.do === "flatten" ? step.copies : 0), 0);
    return { way, open: true, steps, copies, frees };
  });
  ways.sort((a, b) => Number(b.open) - Number(a.open) || a.steps.length - b.steps.length);
  const { pool, namespace, name } = facts.image;
  const spec = { pool, namespace, image: name };
  return {
    plannedAt: facts.now,
    image: facts.image,
    snapshot: target === null ? null : { id: target.id, name: target.name },
    spec: showImageSpec(target === null ? spec : { ...spec, snapshot: target.name }),
    blockers,
    ways,
  };
}

interface Candidate {
  way: DeletionWay;
  steps: DeletionStep[];
  frees: WayPlan["frees"];
}

const nothing = { bytes: 0, accuracy: "exact" } as const;

function imageWays(facts: DeletionFacts): Candidate[] {
  const leaveGroup: DeletionStep[] = facts.group === null ? [] : [{ do: "leave-group", group: facts.group }];
  const moveToTrash: DeletionStep[] = facts.trash === null ? [{ do: "move-to-trash" }] : [];
  const removable = facts.snapshots.filter((each) => each.kind === "user" || isLeftInTrash(each));
  const remove: Candidate = {
    way: "remove",
    steps: [
      ...facts.snapshots.flatMap(flattenChildren),
      ...leaveGroup,
      ...moveToTrash,
      ...removable.flatMap((snapshot) => removeSnapshot(snapshot, false, snapshot.freedInOrder)),
      { do: "remove-from-trash", frees: freedWithoutSnapshots(facts) },
    ],
    frees: facts.freedIfImageRemoved,
  };
  if (facts.trash !== null) return [remove];
  return [{ way: "trash", steps: [...leaveGroup, ...moveToTrash], frees: nothing }, remove];
}

/** What is left to free when all snapshots have freed theirs. */
function freedWithoutSnapshots({ snapshots, freedIfImageRemoved }: DeletionFacts): WayPlan["frees"] {
  if (freedIfImageRemoved === null) return null;
  let { bytes } = freedIfImageRemoved;
  for (const { freedInOrder } of snapshots) {
    if (freedInOrder === null) return null;
    bytes -= freedInOrder.bytes;
  }
  return { bytes, accuracy: freedIfImageRemoved.accuracy };
}

function snapshotWays(target: SnapshotFacts): Candidate[] {
  const frees = target.freedIfRemoved;
  const flattened = flattenChildren(target);
  const goesByItself = target.kind === "trash" && !isLeftInTrash(target);
  const removal = goesByItself ? [] : removeSnapshot(target, false, frees);
  const remove: Candidate = { way: "remove", steps: [...flattened, ...removal], frees };
  const onlyFormat2 = target.children.every(({ cloneFormat }) => cloneFormat === 2);
  if (target.children.length === 0 || target.kind === "trash" || !onlyFormat2) return [remove];
  return [{ way: "trash", steps: removeSnapshot(target, true, nothing), frees: nothing }, remove];
}

/** Ceph removes a snapshot in the trash as soon as its last clone is independent, unless it was interrupted. */
function isLeftInTrash({ kind, children }: SnapshotFacts): boolean {
  return kind === "trash" && children.length === 0;
}

function flattenChildren(snapshot: SnapshotFacts): DeletionStep[] {
  return snapshot.children.map((child) => ({
    do: "flatten",
    child: child.image,
    inTrash: child.inTrash,
    snapshot: { id: snapshot.id, name: snapshot.name },
    copies: child.overlap,
  }));
}

function removeSnapshot(snapshot: SnapshotFacts, kept: boolean, frees: WayPlan["frees"]): DeletionStep[] {
  const ref = { id: snapshot.id, name: snapshot.name };
  const unprotect: DeletionStep[] = snapshot.protected ? [{ do: "unprotect", snapshot: ref }] : [];
  return [...unprotect, { do: "remove-snapshot", snapshot: ref, kept, frees }];
}
