import { recordDeleted } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { forEachLimit } from "../concurrency/index.ts";
import { CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import {
  type Operation,
  type Recover,
  type Recovery,
  type RetryOptions,
  readOperations,
} from "../operation/index.ts";
import { runDeletion } from "./execute-deletion.ts";
import { deletionPlan } from "./plan/deletion-plan.ts";
import {
  beginRemoval,
  endingAfter,
  fenceById,
  type RemovalDetails,
  readRemovalDetails,
  releaseNeeded,
} from "./removal-record.ts";
import { finishTrashMove, locateImage, removeHeaderless } from "./trash-entry.ts";

/**
 * Finishes or undoes an interrupted removal. An image that is in the trash is removed with the snapshots that the caller
 * had allowed, or stays there if that was all that was wanted; one of several whose removal had not been decided yet is
 * restored. An image that still has its name stays as it is.
 *
 * @throws {CoppiceError}
 */
export const recoverRemoval: Recover = async (cluster, operation) => {
  const details = readRemovalDetails(operation);
  const name = operation.record.image;
  if (details === null) return { outcome: "undone", what: `nothing had been done to ${name}` };
  const recovery = await recoverImage(cluster, operation, details, name);
  if (recovery.outcome === "finished") {
    if (operation.record.kind === "delete-volume" && details.way === "trash") {
      const ioCtx = await cluster.pool(details.pool, details.namespace);
      await withCoppiceErrors({ object: details.pool }, () => recordDeleted(ioCtx, details.id));
    }
    await releaseNeeded(cluster, operation);
  }
  return recovery;
};

async function recoverImage(
  cluster: Cluster,
  operation: Operation,
  details: RemovalDetails,
  name: string,
): Promise<Recovery> {
  const { pool, namespace, id, way } = details;
  const object = showImageSpec({ pool, namespace, image: name });
  const ioCtx = await cluster.pool(pool, namespace);
  return await withCoppiceErrors(
    { object, what: `the removal of ${object} could not be finished` },
    async () => {
      const found = await locateImage(ioCtx, id);
      if (found === null) return { outcome: "finished", what: `${object} is removed` };
      if (found.trash === null) return { outcome: "undone", what: `${object} is still there` };
      if (found.trash.state === "moving") await finishTrashMove(ioCtx, found.trash);
      if (found.trash.state === "restoring") {
        return { outcome: "left", what: `another client had begun to restore ${object} from the trash` };
      }
      if (way === "trash") return { outcome: "finished", what: `${object} is in the trash as ${id}` };
      await fenceById(cluster, { pool, namespace, id, name }, operation);
      return details.committed
        ? await remove(cluster, details, object, operation.signal)
        : await restore(cluster, details, name);
    },
  );
}

/** Removes the image from the trash for good. */
async function remove(
  cluster: Cluster,
  { pool, namespace, id, snapshots }: RemovalDetails,
  object: string,
  signal: AbortSignal,
): Promise<Recovery> {
  const left = (why: string): Recovery => ({
    outcome: "left",
    what: `${object} stays in the trash as ${id}: ${why}`,
  });
  const removed: Recovery = { outcome: "finished", what: `${object} is removed` };
  const ioCtx = await cluster.pool(pool, namespace);
  if (await removeHeaderless(ioCtx, id)) return removed;
  const plan = await deletionPlan(cluster, { pool, namespace, id }, { signal });
  const way = plan.ways.find((each) => each.way === "remove");
  if (way === undefined || !way.open) {
    return left(
      plan.blockers
        .filter(({ closes }) => closes.length > 0)
        .map(({ message }) => message)
        .join("; "),
    );
  }
  const isAllowed = (name: string) =>
    snapshots === "all" || (snapshots !== "none" && snapshots.includes(name));
  for (const step of way.steps) {
    if (step.do === "flatten") return left("it has a clone that was made meanwhile");
    if (step.do === "remove-snapshot" && !isAllowed(step.snapshot.name)) {
      return left(`its snapshot ${step.snapshot.name} was not to be removed`);
    }
  }
  const outcome = await runDeletion(cluster, plan, { way: "remove", signal });
  return outcome.state === "done" ? removed : left(outcome.reason ?? "it changed meanwhile");
}

/** Gives the image its name back. */
async function restore(
  cluster: Cluster,
  { pool, namespace, id }: RemovalDetails,
  name: string,
): Promise<Recovery> {
  const object = showImageSpec({ pool, namespace, image: name });
  const ioCtx = await cluster.pool(pool, namespace);
  try {
    await ioCtx.trashRestore(id, name);
  } catch (error) {
    if (!hasCode(error, "EXISTS")) throw error;
    return { outcome: "left", what: `${object} stays in the trash as ${id}: another image has its name` };
  }
  return { outcome: "undone", what: `${object} is restored` };
}

/** What an earlier call did whose record is finished now. */
export interface EarlierRemoval {
  image: ImageSpec;
  details: RemovalDetails;
}

/**
 * Finishes the interrupted removals of images of a namespace, for the same call that is made again.
 *
 * @param isMeant Whether the call is about the image of that name.
 * @returns those whose image is gone, or in the trash where it belongs
 * @throws {CoppiceError} `BUSY` while another process works on one of them, or with what is left
 */
export async function finishEarlierRemovals(
  cluster: Cluster,
  { pool, namespace }: Omit<ImageSpec, "image">,
  isMeant: (name: string) => boolean,
  retry: RetryOptions,
): Promise<EarlierRemoval[]> {
  const ioCtx = await cluster.pool(pool, namespace);
  const recorded = await withCoppiceErrors({ object: pool }, () =>
    readOperations(ioCtx, { signal: retry.signal }),
  );
  const suffix = "/remove";
  const names = recorded
    .filter(({ key }) => key.endsWith(suffix))
    .map(({ key }) => key.slice(0, -suffix.length))
    .filter(isMeant);
  const finished: EarlierRemoval[] = [];
  const finish = async (name: string) => {
    const image = { pool, namespace, image: name };
    const request = { image, kind: "delete-image", details: null, signal: retry.signal } as const;
    await using operation = await beginRemoval(cluster, request, retry);
    const earlier = await takeUp(cluster, operation, image);
    await operation.end();
    if (earlier !== null) finished.push(earlier);
  };
  await forEachLimit(names, 8, finish, retry.signal);
  return finished;
}

/**
 * Finishes what an operation took over.
 *
 * @returns the earlier removal when it is done now; `null` when there was none, or it is undone
 * @throws {CoppiceError} `BUSY` when the image is left in the trash
 */
export async function takeUp(
  cluster: Cluster,
  operation: Operation,
  image: ImageSpec,
): Promise<EarlierRemoval | null> {
  if (operation.interrupted === null) return null;
  const details = readRemovalDetails(operation);
  const { outcome, what } = await recoverRemoval(cluster, operation);
  if (outcome === "left") {
    throw new CoppiceError({
      code: "BUSY",
      call: operation.record.kind,
      object: showImageSpec(image),
      message: `an earlier removal was interrupted, and cannot be finished: ${what}`,
      hint: "Remove it from the trash, or restore it, once nothing needs it.",
    });
  }
  return outcome === "finished" && details !== null ? { image, details } : null;
}

/** Whether the image with that id still has its name. An image of format 1 has no id, and is there by its name. */
export async function isStillThere(
  cluster: Cluster,
  { spec, id }: { spec: ImageSpec; id: string },
): Promise<boolean> {
  if (id === "") return true;
  const ioCtx = await cluster.pool(spec.pool, spec.namespace);
  const found = await withCoppiceErrors({ object: showImageSpec(spec) }, () => locateImage(ioCtx, id));
  return found?.name === spec.image && found.trash === null;
}

interface RecordedRemoval<Plan, Result> {
  image: ImageSpec;
  kind: "delete-volume" | "remove-template" | "move-to-trash" | "remove-image";
  /** Checks and plans. @throws {CoppiceError} `NOT_FOUND` when the image is not there */
  plan(): Promise<Plan & { id: string; details: RemovalDetails }>;
  run(plan: Plan & { id: string; details: RemovalDetails }, operation: Operation): Promise<Result>;
  /** The result of a call that an earlier one had done, except for its end. */
  resumed(earlier: RemovalDetails): Promise<Result>;
  retry: RetryOptions;
}

/**
 * Removes one image under a record. An image that is not found under its name may be in the trash, or gone, because an
 * earlier call was interrupted: that one is finished then.
 *
 * @throws {CoppiceError} `NOT_FOUND` when there is neither the image nor such a record
 */
export async function removeUnderRecord<Plan, Result>(
  cluster: Cluster,
  { image, kind, plan: makePlan, run, resumed, retry }: RecordedRemoval<Plan, Result>,
): Promise<Result> {
  const { signal } = retry;
  let found = await orNotFound(makePlan);
  if (found.plan === null && !(await hasRemovalRecord(cluster, image, signal))) throw found.error;
  const details = found.plan?.details ?? null;
  await using operation = await beginRemoval(cluster, { image, kind, details, signal }, retry);
  return await endingAfter(cluster, [operation], async () => {
    const earlier = await takeUp(cluster, operation, image);
    // Another process may have removed the image, until its record was ended.
    const isNew = operation.interrupted === null && found.plan !== null;
    if (!isNew || !(await isStillThere(cluster, { spec: image, id: found.plan?.id ?? "" }))) {
      found = await orNotFound(makePlan);
    }
    if (found.plan === null) {
      if (earlier === null) throw found.error;
      return await resumed(earlier.details);
    }
    if (!isNew) await operation.update(found.plan.details, kind);
    return await run(found.plan, operation);
  });
}

async function orNotFound<T>(
  action: () => Promise<T>,
): Promise<{ plan: T; error: null } | { plan: null; error: unknown }> {
  try {
    return { plan: await action(), error: null };
  } catch (error) {
    if (!hasCode(error, "NOT_FOUND")) throw error;
    return { plan: null, error };
  }
}

async function hasRemovalRecord(
  cluster: Cluster,
  { pool, namespace, image }: ImageSpec,
  signal: AbortSignal | undefined,
) {
  const ioCtx = await cluster.pool(pool, namespace);
  const recorded = await withCoppiceErrors({ object: pool }, () => readOperations(ioCtx, { image, signal }));
  return recorded.some(({ key }) => key === `${image}/remove`);
}
