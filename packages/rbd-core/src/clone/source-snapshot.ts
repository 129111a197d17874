import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { allSettledOrThrow, KeyedMutex } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { headerObject } from "../headers/index.ts";
import { openImage } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import { lockObject, type Operation, type UndoLog } from "../operation/index.ts";
import type { CloneOptions } from "./clone-plan.ts";
import { changesMore, newestSnapshot, recordPlan } from "./clone-record.ts";
import { forgetOwnSnapshot, type HeldSnapshot, recordOwnSnapshot, releaseRecorded } from "./own-snapshots.ts";
import { checkSnapshotNameFree, type PreparedClone, prepareCurrent } from "./prepare.ts";
import { isUnchanged, type SourceFacts } from "./search/source.ts";

interface ReadySnapshot {
  /** The plan as it is executed: another operation may have made the snapshot meanwhile. */
  prepared: PreparedClone;
  held: HeldSnapshot;
}

/**
 * Makes sure that the snapshot exists that an image will be derived from, and that it is protected where that is needed.
 * Operations that need one at the same time, in whatever processes, share it.
 */
export async function readySnapshotStep(
  cluster: Cluster,
  prepared: PreparedClone,
  options: CloneOptions,
  operation: Operation,
  undo: UndoLog,
): Promise<ReadySnapshot> {
  if (prepared.plan.snapshot.id !== null) return makeReady(cluster, prepared, options, operation, undo);
  return withSourceLock(cluster, prepared.facts, options.signal, async () => {
    options.signal?.throwIfAborted();
    const unchanged = await isUnchanged(cluster, prepared.facts);
    const now = unchanged ? prepared : await prepareCurrent(cluster, options);
    options.signal?.throwIfAborted();
    return makeReady(cluster, now, options, operation, undo);
  });
}

/** The advisory lock on a source's header. */
export const sourceLockName = "coppice.clone";

/** One queue per connection: of many clones that begin at once, only one at a time asks the cluster for the lock. */
const queues = new WeakMap<Cluster, KeyedMutex>();

/**
 * Runs `action` while no other clone of the source, in this process or another, decides whether it has to create a
 * snapshot. Clones that are planned to create one wait here for each other, check the source again, and find the
 * snapshot of the first.
 *
 * The lock saves snapshots; correctness does not depend on it. When a client dies its lease runs out, and when one takes
 * too long the others go on without the lock, at the price of one snapshot too many.
 */
export async function withSourceLock<T>(
  cluster: Cluster,
  { spec, id }: Pick<SourceFacts, "spec" | "id">,
  signal: AbortSignal | undefined,
  action: () => Promise<T>,
): Promise<T> {
  const queue = queues.get(cluster) ?? new KeyedMutex();
  queues.set(cluster, queue);
  return queue.run(`${spec.pool}/${spec.namespace}/${id}`, signal, async () => {
    const object = showImageSpec(spec);
    const ioCtx = await cluster.pool(spec.pool, spec.namespace);
    const lock = await withCoppiceErrors({ object, what: `${object} could not be locked for cloning` }, () =>
      lockObject(ioCtx, headerObject(id), {
        name: sourceLockName,
        description: "choosing the snapshot of a clone",
        leaseSeconds: 5,
        patienceSeconds: 60,
        signal,
      }),
    );
    try {
      return await action();
    } finally {
      await lock?.release();
    }
  });
}

/** Creates the snapshot and protects it, as far as the plan says so. */
async function makeReady(
  cluster: Cluster,
  prepared: PreparedClone,
  options: CloneOptions,
  operation: Operation,
  undo: UndoLog,
): Promise<ReadySnapshot> {
  const { plan, facts } = prepared;
  const { source, snapshot } = plan;
  // What is recorded when the operation begins stands for a clone of a snapshot that is there, and nothing else.
  const isOwn = snapshot.action === "create" && options.snapshotName === undefined;
  if (isOwn)
    undo.note(`the record of ${snapshot.name}`, () => forgetOwnSnapshot(cluster, facts, snapshot.name));
  await allSettledOrThrow([
    changesMore(plan) ? recordPlan(operation, prepared) : undefined,
    isOwn ? recordOwnSnapshot(cluster, facts, snapshot.name, newestSnapshot(facts)) : undefined,
  ]);
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
 * Creates a snapshot and returns its id. (`rbd_snap_create2`)
 *
 * @param image The source, open for writing.
 * @param known The ids of the snapshots that existed before: the undo never removes any of them.
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
  undo.note(`the snapshot ${object}`, () => removeNewSnapshot(cluster, source, name, known));
  return withCoppiceErrors({ object, what: `the snapshot ${object} could not be created` }, async () => {
    try {
      await image.createSnapshot(name);
    } catch (error) {
      // Another client created it since the check.
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

async function removeNewSnapshot(
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
    // Ceph would move it to the trash of the image, but other clones depend on it now.
    throw new CoppiceError({
      code: "BUSY",
      call: "cloneImage",
      message: `${children.length} other ${children.length === 1 ? "clone depends" : "clones depend"} on it now`,
    });
  }
  await image.removeSnapshot(name);
}

/**
 * Protects a snapshot of an image that is open for writing. (`rbd_snap_protect`)
 *
 * @returns whether it was not protected before: another client may have been quicker
 */
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
      // librbd answers this when the snapshot is protected already.
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

/**
 * Removes again what an operation made on its source: the snapshot, or only its protection. A snapshot that other clones
 * depend on by now stays.
 *
 * @param sourceId Finds a source that was renamed since.
 * @returns whether the source is as it was before the operation
 */
export async function releaseSnapshotStep(
  cluster: Cluster,
  source: ImageSpec,
  held: HeldSnapshot,
  sourceId?: string,
): Promise<boolean> {
  const object = showImageSpec({ ...source, snapshot: held.name });
  const ioCtx = await cluster.pool(source.pool, source.namespace);
  return withCoppiceErrors({ object, what: `the snapshot ${object} could not be released` }, async () => {
    await using image = await ioCtx.openImage(sourceId === undefined ? source.image : { id: sourceId });
    const found = (await image.listSnapshots()).find(({ id }) => id === held.id);
    if (found === undefined) return true;
    if ((await image.listChildren(found.name)).length > 0) return false;
    if (held.protected && found.protected && !(await tryUnprotect(image, found.name))) return false;
    if (held.created) {
      await image.removeSnapshot(found.name);
      await forgetOwnSnapshot(cluster, { spec: source, id: image.id }, held.name);
    }
    return true;
  });
}

/**
 * Removes the snapshots of an image that Coppice made by itself and that no clone depends on any more. The user's are never
 * touched: a snapshot counts as Coppice's own while it has the name under which that is recorded. To be called when a clone
 * of the image was removed or flattened, and before the image is removed.
 *
 * @param source `pool/[namespace/]image`
 * @param sourceId Finds a source that was renamed or moved to the trash. Default: that of the image of this name.
 * @returns the names of the snapshots that were removed
 * @throws {CoppiceError}
 */
export function releaseOwnSnapshots(
  cluster: Cluster,
  source: ImageSpec,
  sourceId?: string,
): Promise<string[]> {
  return releaseRecorded(cluster, source, sourceId, (place, held) =>
    withSourceLock(cluster, place, undefined, () => releaseSnapshotStep(cluster, place.spec, held, place.id)),
  );
}

/** Returns false when a clone of format 1 that was made meanwhile needs the protection. */
async function tryUnprotect(image: Image, name: string): Promise<boolean> {
  try {
    await image.unprotectSnapshot(name);
    return true;
  } catch (error) {
    if (hasCode(error, "BUSY")) return false;
    throw error;
  }
}
