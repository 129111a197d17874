import type { Image, IoCtx } from "rbd-native";
import type { Cluster } from "../cluster/index.ts";
import { type CoppiceError, hasCode, withCoppiceErrors } from "../errors/index.ts";
import { showGroup } from "../inventory/index.ts";
import type { DeletionWay } from "./plan/blockers.ts";
import { type ImageRef, showImage } from "./plan/children.ts";
import { type DeletionFacts, type FindDependants, gatherDeletionFacts } from "./plan/deletion-facts.ts";
import { type DeletionPlan, type DeletionStep, planDeletion, showStep } from "./plan/deletion-plan.ts";
import { breakAbandonedLocks } from "./plan/image-users.ts";
import { fenceById, recordRemoval, removalDetails } from "./removal-record.ts";
import { finishTrashMove, isJustMoving, locateImage, removeHeaderless } from "./trash-entry.ts";

export interface ExecuteDeletionOptions {
  way: DeletionWay;
  /** The same as for the plan. */
  findDependants?: FindDependants | undefined;
  /** Stops before the next step, or within a flatten. What was done stays done. */
  signal?: AbortSignal | undefined;
  /** Called before each step, and awaited: a log has the step before it is done. */
  onStep?: ((step: DeletionStep, done: number) => void | Promise<void>) | undefined;
  /** Called within a long step. */
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

export interface DeletionOutcome {
  /** `stopped`: the facts differ from the plan; nothing was destroyed that the plan did not include. */
  state: "done" | "stopped";
  done: DeletionStep[];
  /** Why it stopped. */
  reason: string | null;
  /** The new plan with the new blockers, when it stopped and the target still exists. */
  plan: DeletionPlan | null;
}

/**
 * Executes one way of a deletion plan, step by step. All facts are gathered again before each step, and it stops at the
 * first one that the plan did not expect: a new clone, another snapshot, a client that opened the image. The target is
 * followed by its id, through renames and into the trash.
 *
 * @throws {CoppiceError} when a step fails; what was done before it stays done
 * @throws the signal's reason
 */
export async function executeDeletion(
  cluster: Cluster,
  plan: DeletionPlan,
  options: ExecuteDeletionOptions,
): Promise<DeletionOutcome> {
  const { image, snapshot } = plan;
  if (snapshot !== null) return await runDeletion(cluster, plan, options);
  const snapshots = plan.ways
    .filter(({ way }) => way === options.way)
    .flatMap(({ steps }) => steps)
    .flatMap((step) => (step.do === "remove-snapshot" ? [step.snapshot.name] : []));
  const details = await removalDetails(cluster, image, { way: options.way, snapshots });
  const spec = { pool: image.pool, namespace: image.namespace, image: image.name };
  const request = { image: spec, kind: "delete-image", details, signal: options.signal } as const;
  return await recordRemoval(cluster, request, async (operation) => {
    if (operation.interrupted !== null) await fenceById(cluster, image, operation);
    return await runDeletion(cluster, plan, { ...options, signal: operation.signal });
  });
}

/** The same without a record: the caller has one. */
export async function runDeletion(
  cluster: Cluster,
  plan: DeletionPlan,
  options: ExecuteDeletionOptions,
): Promise<DeletionOutcome> {
  const { way, signal, findDependants, onStep, onProgress } = options;
  const done: DeletionStep[] = [];
  for (;;) {
    signal?.throwIfAborted();
    const facts = await factsNow(cluster, plan, { findDependants, signal });
    const next = nextStep(plan, way, facts, done.at(-1));
    if (facts === null || next.state === "done") return { state: "done", done, reason: null, plan: null };
    if (next.state === "surprise") {
      return { state: "stopped", done, reason: next.reason, plan: planDeletion(facts) };
    }
    await onStep?.(next.step, done.length);
    if (next.step.do !== "flatten") await breakLocksOf(cluster, facts);
    // With its current name: it may have been renamed since it was planned.
    await executeDeletionStep(cluster, facts.image, next.step, { signal, onProgress });
    done.push(next.step);
  }
}

/** `null` when the image, or the snapshot, is gone. */
async function factsNow(
  cluster: Cluster,
  { image, snapshot }: DeletionPlan,
  options: { findDependants: FindDependants | undefined; signal: AbortSignal | undefined },
): Promise<DeletionFacts | null> {
  const { pool, namespace, id } = image;
  let facts: DeletionFacts;
  try {
    facts = await gatherDeletionFacts(cluster, { pool, namespace, id }, options);
  } catch (error) {
    if (isGone(error, id)) return null;
    // Its removal was interrupted after its header had gone: only the entry in the trash is left.
    const ioCtx = await cluster.pool(pool, namespace);
    if (hasCode(error, "NOT_FOUND") && (await removeHeaderless(ioCtx, id))) return null;
    throw error;
  }
  if (snapshot === null) return facts;
  // By its id: another snapshot may have the name by now.
  return facts.snapshots.some((each) => each.id === snapshot.id)
    ? { ...facts, snapshotId: snapshot.id }
    : null;
}

/** Not every `NOT_FOUND` means that the image is gone: its pool, for example, may have been removed. */
function isGone(error: unknown, id: string): boolean {
  return hasCode(error, "NOT_FOUND") && (error as CoppiceError).object === id;
}

/** What to do next, given the current facts. */
type NextStep =
  | { state: "go"; step: DeletionStep }
  | { state: "done" }
  /** The facts are not what the plan was made for: nothing more may be done. */
  | { state: "surprise"; reason: string };

/**
 * Plans again from the current facts and compares: the steps that are left must be steps of the plan. Steps that another
 * client did meanwhile are left out; a step that the plan did not have is a surprise, and so is a new blocker. Pure.
 *
 * @param facts `null`: the target is gone
 * @param last The step that was just executed: it must have had its effect.
 */
export function nextStep(
  plan: DeletionPlan,
  way: DeletionWay,
  facts: DeletionFacts | null,
  last: DeletionStep | undefined,
): NextStep {
  const planned = plan.ways.find((each) => each.way === way);
  if (planned === undefined || !planned.open) return surprise("the plan has no such way");
  if (facts === null || isInTrash(way, facts)) return { state: "done" };
  const now = planDeletion(facts);
  const left = now.ways.find((each) => each.way === way);
  if (left === undefined) return surprise("the target is not what it was");
  if (!left.open) {
    const reasons = now.blockers.filter(({ closes }) => closes.includes(way)).map(({ message }) => message);
    return surprise(reasons.join("; "));
  }
  const known = new Set(planned.steps.map(identity));
  const unplanned = left.steps.filter((step) => !known.has(identity(step)));
  if (unplanned.length > 0) {
    return surprise(`the plan did not say: ${unplanned.map(showStep).join("; ")}`);
  }
  const [step] = left.steps;
  if (step === undefined) return { state: "done" };
  if (last !== undefined && identity(last) === identity(step)) {
    return surprise(`it had no effect to ${showStep(step)}`);
  }
  return { state: "go", step };
}

/** Whether the target is in the trash already, where the way to the trash ends. */
function isInTrash(way: DeletionWay, facts: DeletionFacts): boolean {
  if (way !== "trash") return false;
  if (facts.snapshotId === null) return facts.trash !== null;
  return facts.snapshots.find(({ id }) => id === facts.snapshotId)?.kind === "trash";
}

/** Two steps are the same when they do the same to the same object, however many bytes they copy or free. */
function identity(step: DeletionStep): string {
  switch (step.do) {
    case "flatten":
      return ["flatten", step.child.pool, step.child.namespace, step.child.id].join("\0");
    case "unprotect":
      return `unprotect\0${step.snapshot.id}\0${step.snapshot.name}`;
    case "remove-snapshot":
      return `remove-snapshot\0${step.snapshot.id}\0${step.snapshot.name}\0${step.kept}`;
    case "leave-group":
      return `leave-group\0${showGroup(step.group)}`;
    case "move-to-trash":
    case "remove-from-trash":
      return step.do;
  }
}

function surprise(reason: string): NextStep {
  return { state: "surprise", reason };
}

/** Breaks the locks that dead clients left on the image: no client that uses it is among them. */
async function breakLocksOf(cluster: Cluster, { image, locks }: DeletionFacts): Promise<void> {
  if (!locks.some(({ abandoned }) => abandoned)) return;
  const ioCtx = await cluster.pool(image.pool, image.namespace);
  await withCoppiceErrors({ object: showImage(image) }, async () => {
    await using opened = await ioCtx.openImage({ id: image.id }, { readOnly: true });
    await breakAbandonedLocks(opened);
  });
}

interface StepOptions {
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: { done: number; total: number }) => void) | undefined;
}

/**
 * Executes one step of a deletion, on the image with exactly this id.
 *
 * @throws {CoppiceError}
 */
async function executeDeletionStep(
  cluster: Cluster,
  image: ImageRef,
  step: DeletionStep,
  options: StepOptions,
): Promise<void> {
  const object = showImage(step.do === "flatten" ? step.child : image);
  const place = { object, what: `could not ${showStep(step)}` };
  await withCoppiceErrors(place, async () => {
    const ioCtx = await cluster.pool(image.pool, image.namespace);
    switch (step.do) {
      case "flatten": {
        const { pool, namespace, id } = step.child;
        const childPool = await cluster.pool(pool, namespace);
        return withImage(childPool, id, (child) => child.flatten(progressOptions(options)));
      }
      case "leave-group":
        return ioCtx.group(step.group.name).removeImage({ id: image.id });
      case "move-to-trash":
        return ioCtx.trashMove(image.name);
      case "unprotect":
        return withImage(ioCtx, image.id, (opened) => opened.unprotectSnapshot(step.snapshot.name));
      case "remove-snapshot":
        return withImage(ioCtx, image.id, (opened) => opened.removeSnapshot(step.snapshot.id));
      case "remove-from-trash": {
        const { trash } = (await locateImage(ioCtx, image.id)) ?? {};
        if (trash?.state === "moving" && !isJustMoving(trash)) await finishTrashMove(ioCtx, trash);
        return ioCtx.trashRemove(image.id, progressOptions(options));
      }
    }
  });
}

async function withImage(ioCtx: IoCtx, id: string, action: (image: Image) => Promise<void>): Promise<void> {
  await using image = await ioCtx.openImage({ id });
  await action(image);
}

function progressOptions({ signal, onProgress }: StepOptions) {
  return {
    ...(signal === undefined ? {} : { signal }),
    ...(onProgress === undefined ? {} : { onProgress }),
  };
}
