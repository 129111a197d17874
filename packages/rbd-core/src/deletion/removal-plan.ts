import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, type CoppiceErrorCode, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { findImageId, isPartlyCreated } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { listOperations } from "../operation/index.ts";
import { type BlockerKind, findBlockers } from "./plan/blockers.ts";
import { type ChildFacts, showImage } from "./plan/children.ts";
import {
  type DeletionFacts,
  gatherDeletionFacts,
  gatherFormat1Facts,
  type SnapshotFacts,
} from "./plan/deletion-facts.ts";
import { deadClientHint, type ImageUsers, showUsers } from "./plan/image-users.ts";

/**
 * Why `deleteVolume`, `removeTemplate` and `removeByPrefix` do not remove an image. They remove it in one operation that is
 * undone when it fails, with exactly the snapshots that the caller allows, and rest on the same facts and blockers as a
 * deletion plan. Other blockers, such as mirroring and migrations, are left to Ceph to refuse.
 *
 * - `old-format`: it has format 1, which has no trash, so that its removal could not be undone.
 * - `group`: it belongs to a group. In the trash it would keep other clients from listing the group.
 * - `clones`: it has clones.
 * - `unsearched-pools`: a pool could not be searched for clones.
 * - `snapshots`: it has snapshots that the caller did not allow to be removed.
 * - `kept-snapshots`: it has snapshots that Ceph keeps for a group or for mirroring.
 * - `in-use`: a client has it open or holds its lock, possibly only for a moment.
 */
export type RemovalBlockerKind =
  | "old-format"
  | "group"
  | "clones"
  | "unsearched-pools"
  | "snapshots"
  | "kept-snapshots"
  | "in-use";

export interface RemovalBlocker {
  kind: RemovalBlockerKind;
  /** One sentence without a full stop, that names every object it is about. */
  message: string;
}

/** Which of the user's snapshots are removed with the image: none, these by name, or all. */
export type SnapshotsToRemove = "none" | "all" | readonly string[];

export interface RemovalVerdict {
  /** Empty when the image can be removed. `in-use`, which may pass, comes last. */
  blockers: RemovalBlocker[];
  /** The snapshots that are removed first, oldest first: the allowed ones, and those that Coppice made by itself. */
  snapshots: Pick<SnapshotFacts, "id" | "name" | "protected">[];
}

/** A clone of one of the image's snapshots. */
export interface CloneOfImage {
  /** Without a snapshot. In the trash, the name it had. */
  spec: ImageSpec;
  imageId: string;
  inTrash: boolean;
  /** The snapshot it was cloned from; `null` when that was removed since, and is kept in the trash. */
  snapshot: string | null;
}

/** An image that is to be removed, as a preview shows it. */
export interface RemovalTarget extends ImageUsers {
  /** Without a snapshot. */
  spec: ImageSpec;
  /** `""` for an image of format 1. */
  id: string;
  /** An interrupted creation left only its name and id. Default false. */
  isPartlyCreated?: boolean;
  /** Bytes. */
  size: number;
  /** The name of the group it belongs to. */
  group: string | null;
  /** In every pool and namespace, and in the trash. */
  clones: CloneOfImage[];
}

/** Reads everything that decides whether an image can be removed. Changes nothing. @throws {CoppiceError} `NOT_FOUND` */
export async function readRemovalFacts(
  cluster: Cluster,
  spec: ImageSpec,
  signal?: AbortSignal,
): Promise<DeletionFacts> {
  signal?.throwIfAborted();
  try {
    return await gatherDeletionFacts(cluster, spec, { estimates: false, signal });
  } catch (error) {
    if (hasCode(error, "UNSUPPORTED")) return await gatherFormat1Facts(cluster, spec);
    const found = hasCode(error, "NOT_FOUND") ? await partlyCreatedFacts(cluster, spec) : null;
    if (found === null) throw error;
    return found;
  }
}

/**
 * The facts about an image whose creation was interrupted before it had a header; `null` when it is not such a one.
 *
 * @throws {CoppiceError} `BUSY` while another process is creating it
 */
async function partlyCreatedFacts(cluster: Cluster, spec: ImageSpec): Promise<DeletionFacts | null> {
  const { pool, namespace, image: name } = spec;
  const object = showImageSpec(spec);
  const ioCtx = await cluster.pool(pool, namespace);
  return await withCoppiceErrors({ object, what: `${object} could not be read` }, async () => {
    if (!(await isPartlyCreated(ioCtx, name))) return null;
    const operations = await listOperations(cluster, { pools: [pool] });
    const makes = operations.find(
      ({ image, purpose }) => image.namespace === namespace && image.image === name && purpose === "make",
    );
    if (makes?.state === "running") {
      throw new CoppiceError({
        code: "BUSY",
        call: "readRemovalFacts",
        object,
        message: `${object} is being made by process ${makes.holder?.pid} on ${makes.holder?.host}`,
        hint: "Wait until that is done, or abort it.",
      });
    }
    const id = (await findImageId(ioCtx, name)) ?? "";
    return { ...nothingKnown, now: new Date(), image: { pool, namespace, id, name }, isPartlyCreated: true };
  });
}

/** What an image without a header has: nothing. */
const nothingKnown = {
  size: 0,
  snapshotId: null,
  trash: null,
  group: null,
  migration: null,
  mirrored: false,
  watchers: [],
  locks: [],
  snapshots: [],
  unasked: [],
  dependants: [],
  freedIfImageRemoved: null,
} satisfies Partial<DeletionFacts>;

/** The image of the facts, as a preview shows it. */
export function removalTarget(facts: DeletionFacts): RemovalTarget {
  const { image, size, group, watchers, locks } = facts;
  const spec = specOf(facts);
  const target = {
    spec,
    id: image.id,
    size,
    group: group?.name ?? null,
    clones: clonesOf(facts),
    watchers,
    locks,
  };
  return facts.isPartlyCreated === true ? { ...target, isPartlyCreated: true } : target;
}

function specOf({ image: { pool, namespace, name } }: Pick<ChildFacts, "image">): ImageSpec {
  return { pool, namespace, image: name };
}

function clonesOf({ snapshots }: DeletionFacts): CloneOfImage[] {
  return snapshots.flatMap(({ kind, name, children }) =>
    children.map((child) => ({
      spec: specOf(child),
      imageId: child.image.id,
      inTrash: child.inTrash,
      snapshot: kind === "trash" ? null : name,
    })),
  );
}

/** Decides whether an image can be removed together with the snapshots that the caller allows. Pure. */
export function evaluateRemoval(facts: DeletionFacts, snapshotsToRemove: SnapshotsToRemove): RemovalVerdict {
  const isAllowed = (name: string | null) =>
    snapshotsToRemove === "all" ||
    (name !== null && snapshotsToRemove !== "none" && snapshotsToRemove.includes(name));
  // A lock that closes no way is one that a dead client left, which the removal breaks.
  const blocked = findBlockers(facts).filter(
    ({ kind, snapshot, closes }) =>
      (kind !== "snapshot" || !isAllowed(snapshot)) && (kind !== "lock" || closes.length > 0),
  );
  const blockers = refusals.flatMap(({ kind, stands, message }): RemovalBlocker[] => {
    const objects = blocked.filter((blocker) => stands.includes(blocker.kind)).map(({ object }) => object);
    return objects.length === 0 ? [] : [{ kind, message: message(facts, objects) }];
  });
  const snapshots = facts.snapshots
    .filter(({ kind, name, own }) => kind === "user" && (own || isAllowed(name)))
    .map(({ id, name, protected: isProtected }) => ({ id, name, protected: isProtected }));
  return { blockers, snapshots };
}

interface Refusal {
  kind: RemovalBlockerKind;
  /** The blockers of a deletion that it stands for. */
  stands: readonly BlockerKind[];
  code: CoppiceErrorCode;
  hint: string;
  /** @param objects What the blockers are about. */
  message(facts: DeletionFacts, objects: readonly string[]): string;
}

/** What a removal refuses, in the order in which it is reported. */
const refusals: readonly Refusal[] = [
  {
    kind: "old-format",
    stands: ["old-format"],
    code: "UNSUPPORTED",
    hint: "Remove it at once, with `removeImage`.",
    message: ({ image }) => `${showImage(image)} has format 1, which has no trash`,
  },
  {
    kind: "group",
    stands: ["group"],
    code: "IN_GROUP",
    hint: "Take the image out of its group first.",
    message: ({ image, group }) => `${showImage(image)} belongs to the group ${group?.name}`,
  },
  {
    kind: "clones",
    stands: ["child"],
    code: "BUSY",
    hint: "Remove the clones or flatten them first.",
    message(facts) {
      const clones = clonesOf(facts);
      const count = clones.length === 1 ? "1 clone reads" : `${clones.length} clones read`;
      return `${count} from ${showImage(facts.image)}: ${clones.map(showClone).join(", ")}`;
    },
  },
  {
    kind: "unsearched-pools",
    stands: ["unasked-pool"],
    code: "PERMISSION_DENIED",
    hint: "Use a Ceph user that may read every pool.",
    message: ({ image, unasked }) =>
      `clones of ${showImage(image)} could not be searched for in ${unasked
        .map(({ pool, reason }) => `the pool ${pool} (${reason})`)
        .join(", ")}`,
  },
  {
    kind: "snapshots",
    stands: ["snapshot"],
    code: "NOT_EMPTY",
    hint: "Remove the snapshots first, or allow their removal.",
    message: ({ image }, names) => `${showImage(image)} has ${listSnapshots(names)}`,
  },
  {
    kind: "kept-snapshots",
    stands: ["group-snapshot", "mirror-snapshot", "unknown-snapshot"],
    code: "NOT_EMPTY",
    hint: "Take the image out of its group, or disable mirroring for it, first.",
    message: ({ image }, names) =>
      `${showImage(image)} has ${listSnapshots(names)} of a group or of mirroring`,
  },
  {
    kind: "in-use",
    stands: ["watcher", "lock"],
    code: "BUSY",
    hint: `Stop that client first. ${deadClientHint}`,
    message: (facts) => `${showImage(facts.image)} is in use: ${showUsers(facts)}`,
  },
];

/** "rbd/vm-1 (of @snap)", "rbd/vm-2 (of @snap, in the trash)". */
function showClone({ spec, snapshot, inTrash }: CloneOfImage): string {
  const of = snapshot === null ? "of a removed snapshot" : `of @${snapshot}`;
  return `${showImageSpec(spec)} (${of}${inTrash ? ", in the trash" : ""})`;
}

function listSnapshots(names: readonly string[]): string {
  return `${names.length} snapshot${names.length === 1 ? "" : "s"} (${names.map((name) => `@${name}`).join(", ")})`;
}

/** The blockers that last: being in use may pass, so the removal is tried again for a while before it is refused. */
export function lastingBlockers(blockers: readonly RemovalBlocker[]): RemovalBlocker[] {
  return blockers.filter(({ kind }) => kind !== "in-use");
}

interface BlockedRemoval {
  spec: ImageSpec;
  blockers: readonly RemovalBlocker[];
}

/**
 * Refuses when one of the images has a blocker. The error names all of them.
 *
 * @param hints What to do next, for a caller that has no option to allow the removal of snapshots.
 * @throws {CoppiceError}
 */
export function refuseBlocked(
  call: string,
  images: readonly BlockedRemoval[],
  hints: Partial<Record<RemovalBlockerKind, string>> = {},
): void {
  const blocked = images.filter(({ blockers }) => blockers.length > 0);
  const all = blocked.flatMap(({ blockers }) => blockers);
  const refusal = refusals.find(({ kind }) => kind === all[0]?.kind);
  if (refusal === undefined) return;
  throw new CoppiceError({
    code: refusal.code,
    call,
    object: blocked.map(({ spec }) => showImageSpec(spec)).join(", "),
    message: `nothing was removed: ${all.map(({ message }) => message).join("; ")}`,
    hint: hints[refusal.kind] ?? refusal.hint,
  });
}
