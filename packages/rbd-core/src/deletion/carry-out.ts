import type { Cluster } from "../cluster/cluster.ts";
import type { CoppiceError } from "../errors/coppice-error.ts";
import { hasCode } from "../errors/to-coppice-error.ts";
import { executeDeletionStep } from "./carry-out-step.ts";
import type { DeletionFacts } from "./deletion-facts.ts";
import type { DeletionPlan, DeletionStep, DeletionWay } from "./deletion-plan-types.ts";
import { type FindDependants, gatherDeletionFacts } from "./gather-facts.ts";
import { nextStep } from "./next-step.ts";
import { planDeletion } from "./plan-deletion.ts";

export interface ExecuteDeletionOptions {
  way: DeletionWay;
  /** As the plan was made. */
  findDependants?: FindDependants;
  /** Stops before the next step, or within a flatten. What was done stays done. */
  signal?: AbortSignal;
  /** Before each step, which waits for it: a log can be sure to have a step before it is done. */
  onStep?(step: DeletionStep, done: number): void | Promise<void>;
  /** Within a step that takes long. */
  onProgress?(progress: { done: number; total: number }): void;
}

export interface DeletionOutcome {
  /** `stopped`: something was not as planned; nothing was destroyed that the plan did not say. */
  state: "done" | "stopped";
  done: DeletionStep[];
  /** Why it stopped. */
  reason: string | null;
  /** What now stands in the way, when it stopped and the target is still there. */
  plan: DeletionPlan | null;
}

/**
 * Carries out one way of a deletion plan, step by step. All facts are gathered again before each step, and it
 * stops at the first that the plan did not expect: a new clone, another snapshot, a client that opened the
 * image. The target is followed by its id, through renames and into the trash.
 *
 * @throws {CoppiceError} when a step fails; what was done before it stays done
 * @throws the signal's reason
 */
export async function executeDeletion(
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
    // With the name of this moment: it may have been renamed since it was planned.
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
    throw error;
  }
  if (snapshot === null) return facts;
  // By its number: the name may be another snapshot's by now.
  return facts.snapshots.some((each) => each.id === snapshot.id)
    ? { ...facts, snapshotId: snapshot.id }
    : null;
}

/** Not every "not found" says that the image is: its pool, say, may have been taken away. */
function isGone(error: unknown, id: string): boolean {
  return hasCode(error, "NOT_FOUND") && (error as CoppiceError).object === id;
}
