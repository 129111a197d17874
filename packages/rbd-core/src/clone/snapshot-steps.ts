import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { UndoLog } from "../operation/index.ts";
import { checkSnapshotNameFree, type PreparedClone, prepareCurrent, stillCurrent } from "./prepare.ts";
import { withSourceLock } from "./source-lock.ts";
import type { CloneOptions } from "./types.ts";

interface ReadySnapshot {
  /** The plan as it is carried out: another operation may have made the snapshot meanwhile. */
  prepared: PreparedClone;
  held: HeldSnapshot;
}

/**
 * Sees to it that the snapshot is there that an image is to be derived from, and protected where that is needed.
 * Operations that begin together share one, as clones do.
 */
export async function readySnapshotStep(
  cluster: Cluster,
  prepared: PreparedClone,
  options: CloneOptions,
  undo: UndoLog,
): Promise<ReadySnapshot> {
  if (prepared.plan.snapshot.id !== null) return makeReady(cluster, prepared, undo);
  return withSourceLock(cluster, prepared.facts, options.signal, async () => {
    options.signal?.throwIfAborted();
    const same = await stillCurrent(cluster, prepared.facts);
    const now = same ? prepared : await prepareCurrent(cluster, options);
    options.signal?.throwIfAborted();
    return makeReady(cluster, now, undo);
  });
}

/** Creates the snapshot and protects it, as far as the plan says so. */
async function makeReady(cluster: Cluster, prepared: PreparedClone, undo: UndoLog): Promise<ReadySnapshot> {
  const { plan, facts } = prepared;
  const { source, snapshot } = plan;
  const { name } = snapshot;
  const created = snapshot.id === null;
  if (snapshot.id !== null && !plan.protect) {
    return { prepared, held: { name, id: snapshot.id, created, protected: false } };
  }
  if (created) checkSnapshotNameFree(prepared);
  await using image = await openImage(cluster, source);
  const known = new Set(facts.snapshots.map((each) => each.id));
  const id = snapshot.id ?? (await createSnapshotStep(cluster, source, image, name, known, undo));
  const isProtected = plan.protect && (await protectStep(cluster, source, image, name, undo));
  return { prepared, held: { name, id, created, protected: isProtected } };
}

/**
 * Creates the snapshot the clone will hang on, and returns its id. `image` is the source, open to be written to. `known`
 * are the ids of the snapshots that were there before: none of them is ever removed by the undo.
 */
export async function createSnapshotStep(
  cluster: Cluster,
  source: ImageSpec,
  image: Image,
  name: string,
  known: ReadonlySet<bigint>,
  undo: UndoLog,
): Promise<bigint> {
  const object = showImageSpec({ ...source, snapshot: name });
  const place = { object, what: `the snapshot ${object} could not be created` };
  undo.note(`the snapshot ${object}`, () => removeOwnSnapshot(cluster, source, name, known));
  return withCoppiceErrors(place, async () => {
    try {
      await image.createSnapshot(name);
    } catch (error) {
      // Somebody else's, made since the check.
      if (hasCode(error, "EXISTS")) undo.forgetLast();
      throw error;
    }
    try {
      return await image.snapshotId(name);
    } catch (cause) {
      if (!hasCode(cause, "NOT_FOUND")) throw cause;
      throw new CoppiceError({
        code: "SOURCE_CHANGED",
        call: "cloneImage",
        object,
        message: `the snapshot ${object} was removed right after it had been created`,
        hint: "Find out what removes snapshots of this image, and try again.",
        cause,
      });
    }
  });
}

async function removeOwnSnapshot(
  cluster: Cluster,
  source: ImageSpec,
  name: string,
  known: ReadonlySet<bigint>,
): Promise<void> {
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  await using image = await ioCtx.openImage(source.image);
  const made = (await image.listSnapshots()).find((each) => each.name === name && each.namespace === "user");
  if (made === undefined || known.has(made.id)) return;
  const children = await image.listChildren(name);
  if (children.length > 0) {
    // Removing it would work (Ceph keeps it in the trash), but it has become somebody's.
    throw new CoppiceError({
      code: "BUSY",
      call: "cloneImage",
      message: `${children.length} other ${children.length === 1 ? "clone hangs" : "clones hang"} on it by now`,
    });
  }
  await image.removeSnapshot(name);
}

/** Protects a snapshot of an image that is open to be written to. Returns whether that was new: another client may have been quicker. */
export async function protectStep(
  cluster: Cluster,
  source: ImageSpec,
  image: Image,
  name: string,
  undo: UndoLog,
): Promise<boolean> {
  const object = showImageSpec({ ...source, snapshot: name });
  undo.note(`the protection of ${object}`, () => unprotect(cluster, source, name));
  return withCoppiceErrors({ object, what: `the snapshot ${object} could not be protected` }, async () => {
    try {
      await image.protectSnapshot(name);
      return true;
    } catch (error) {
      // How librbd says that the snapshot is protected already.
      if (!hasCode(error, "BUSY")) throw error;
      undo.forgetLast();
      return false;
    }
  });
}

async function unprotect(cluster: Cluster, source: ImageSpec, name: string): Promise<void> {
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  await using image = await ioCtx.openImage(source.image);
  const snapshots = await image.listSnapshots();
  if (!snapshots.some((each) => each.name === name && each.namespace === "user" && each.protected)) return;
  await image.unprotectSnapshot(name);
}

/** What an operation made on its source, and does not need any more. */
export interface HeldSnapshot {
  name: string;
  id: bigint;
  /** It was created, so it is removed. */
  created: boolean;
  /** It was protected, so it is unprotected. */
  protected: boolean;
}

/**
 * Takes a snapshot of the source's away again, or leaves it as it was found. Should other clones hang on it by now, it
 * stays: it has become theirs.
 *
 * @returns whether it is as it was before the operation
 */
export async function releaseSnapshotStep(
  cluster: Cluster,
  source: ImageSpec,
  held: HeldSnapshot,
): Promise<boolean> {
  const object = showImageSpec({ ...source, snapshot: held.name });
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  return withCoppiceErrors({ object, what: `the snapshot ${object} could not be released` }, async () => {
    await using image = await ioCtx.openImage(source.image);
    const found = (await image.listSnapshots()).find(({ id }) => id === held.id);
    if (found === undefined) return true;
    if ((await image.listChildren(found.name)).length > 0) return false;
    if (held.protected && found.protected && !(await unprotected(image, found.name))) return false;
    if (held.created) await image.removeSnapshot(found.name);
    return true;
  });
}

/** Whether it worked; a clone of format 1 that was made in between holds it. */
async function unprotected(image: Image, name: string): Promise<boolean> {
  try {
    await image.unprotectSnapshot(name);
    return true;
  } catch (error) {
    if (hasCode(error, "BUSY")) return false;
    throw error;
  }
}
