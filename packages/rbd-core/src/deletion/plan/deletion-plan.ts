import type { Measure } from "../../chain/index.ts";
import type { Cluster } from "../../cluster/index.ts";
import { type ImageById, type NamedGroup, showGroup } from "../../inventory/index.ts";
import { type ImageSpecLike, showImageSpec } from "../../names/index.ts";
import { type Blocker, type DeletionWay, findBlockers } from "./blockers.ts";
import { type ImageRef, showImage } from "./children.ts";
import {
  type DeletionFacts,
  type FindDependants,
  gatherDeletionFacts,
  type SnapshotFacts,
} from "./deletion-facts.ts";

interface SnapshotRef {
  id: bigint;
  name: string;
}

/** One step of a plan. Bytes are upper bounds. */
export type DeletionStep =
  | { do: "flatten"; child: ImageRef; inTrash: boolean; snapshot: SnapshotRef; copies: number }
  | { do: "leave-group"; group: NamedGroup }
  | { do: "move-to-trash" }
  | { do: "unprotect"; snapshot: SnapshotRef }
  /** `kept`: it still has clones of format 2, so Ceph keeps its data until they are gone. */
  | { do: "remove-snapshot"; snapshot: SnapshotRef; kept: boolean; frees: Measure | null }
  | { do: "remove-from-trash"; frees: Measure | null };

export interface WayPlan {
  way: DeletionWay;
  /** `false` when a blocker closes this way; then there are no steps. */
  open: boolean;
  steps: DeletionStep[];
  /** Bytes that flattening copies, at the most. */
  copies: number;
  /** What is freed when all steps are done. `null`: unknown. */
  frees: Measure | null;
}

export interface DeletionPlan {
  plannedAt: Date;
  image: ImageRef;
  /** `null`: the image itself. */
  snapshot: SnapshotRef | null;
  /** `pool/[namespace/]image[@snap]` */
  spec: string;
  blockers: Blocker[];
  /** The ways that make sense for this target, the shortest open one first. */
  ways: WayPlan[];
}

export interface DeletionPlanOptions {
  /** Finds what outside of Ceph needs the image, such as backups. */
  findDependants?: FindDependants | undefined;
  signal?: AbortSignal | undefined;
}

/**
 * Answers "Why can't I delete this?": everything that blocks the removal of an image or one of its snapshots, and the
 * shortest safe sequences of steps. Changes nothing. `executeDeletion` executes one of them.
 *
 * @param target an image, a snapshot (`pool/image@snap`), or by id, as for an image in the trash
 * @throws {CoppiceError} `NOT_FOUND`; `UNSUPPORTED` for an image of format 1
 */
export async function deletionPlan(
  cluster: Cluster,
  target: ImageSpecLike | ImageById,
  options: DeletionPlanOptions = {},
): Promise<DeletionPlan> {
  return planDeletion(await gatherDeletionFacts(cluster, target, options));
}

/**
 * Lists what blocks the removal of an image or one of its snapshots, and the shortest sequences of steps that remove it
 * without losing anything else. Pure: decides from the facts alone.
 *
 * The order is such that nothing is destroyed before it is known that the rest can be done: clones are flattened first,
 * and an image is moved to the trash, where no client opens it by its name any more, before its first snapshot is
 * removed. Ceph moves an image to the trash even while it is open, and only refuses to remove it then. So a watcher or a
 * lock closes both ways, and `executeDeletion` checks for them again before each step.
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

/** What the image itself still frees after all its snapshots were removed. */
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
  const cephRemovesIt = target.kind === "trash" && !isLeftInTrash(target);
  const removal = cephRemovesIt ? [] : removeSnapshot(target, false, frees);
  const remove: Candidate = { way: "remove", steps: [...flattened, ...removal], frees };
  const onlyFormat2 = target.children.every(({ cloneFormat }) => cloneFormat === 2);
  if (target.children.length === 0 || target.kind === "trash" || !onlyFormat2) return [remove];
  return [{ way: "trash", steps: removeSnapshot(target, true, nothing), frees: nothing }, remove];
}

/** Ceph removes a snapshot in the trash together with its last clone, unless it was interrupted. */
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

/** A step in words: "flatten rbd/vm-2". */
export function showStep(step: DeletionStep): string {
  switch (step.do) {
    case "flatten":
      return `flatten ${showImage(step.child)}${step.inTrash ? " (in the trash)" : ""}`;
    case "leave-group":
      return `take it out of the group ${showGroup(step.group)}`;
    case "move-to-trash":
      return "move it to the trash";
    case "unprotect":
      return `unprotect the snapshot ${step.snapshot.name}`;
    case "remove-snapshot":
      return `remove the snapshot ${step.snapshot.name}`;
    case "remove-from-trash":
      return "remove it from the trash";
  }
}
