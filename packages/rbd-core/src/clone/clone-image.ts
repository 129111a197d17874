import type { Cluster } from "../cluster/index.ts";
import { withCoppiceErrors } from "../errors/index.ts";
import { makeImage } from "../image/index.ts";
import { toImageOnly } from "../names/index.ts";
import { type Operation, retryOnSourceChanged, StepRunner } from "../operation/index.ts";
import { type CloneOptions, type ClonePlan, type DerivePhase, derivePhases } from "./clone-plan.ts";
import { newCloneRecord } from "./clone-record.ts";
import { deriveImage } from "./derive.ts";
import { checkSnapshotNameFree, type PreparedClone, prepareClone, prepareCurrent } from "./prepare.ts";
import type { SearchMemory } from "./search/search-memory.ts";

/** What was done: the plan as it was executed, and what is new on the cluster besides the clone. */
export interface CloneResult extends Omit<ClonePlan, "snapshot" | "protect" | "flatten"> {
  /** Ceph's id of the clone. */
  id: string;
  /** The clone's parent, or its parent until it was flattened. `reason` says why that one. */
  snapshot: { name: string; id: bigint; reason: string };
  /** Whether the snapshot existed before. */
  reused: boolean;
  /** What was made on the source and still exists: after a flatten only what other clones depend on by now. */
  created: { snapshot: boolean; protection: boolean };
  flattened: boolean;
}

/**
 * Clones an image, or one of its snapshots.
 *
 * The parent of a clone is a snapshot. The newest user snapshot that holds exactly the current state is used; when there
 * is none, one is created. It is protected only where the clone format needs that. The clone gets its parent's features,
 * object size and striping unless told otherwise. Clones of one source that begin at the same time, in whatever
 * processes, share one new snapshot.
 *
 * With `size` the clone is enlarged at once. With `flatten`, or where it would have more than `maxDepth` images above it,
 * it becomes a full copy, and what was made on the source for it is removed again.
 *
 * While the source is being written to, the clone is a state the source really had during the call (see `isUnchanged`
 * for why).
 *
 * A record in the cluster says what is under way. After the process died, the same call removes what was left and clones
 * again, and `reconcile` finishes or undoes it.
 *
 * Everything is checked before anything is changed. When a step fails, what was made is undone, in reverse order.
 * Aborting does the same and rejects with the signal's reason; a change that is under way is finished first, then undone,
 * but flattening stops.
 *
 * The undo recognises its own objects also where the answer to a call was lost: the clone by its id, or before the id is
 * known by being a clone of that very snapshot, under a name that was free; the snapshot by its name, and by not having
 * existed before; its protection by not having existed before. If another client makes the same object under the same
 * name at that moment, while our own call fails without an answer, the two cannot be told apart. A snapshot that other
 * clones depend on by then is left, and named in the error.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`: source or target does not parse, or the target names a snapshot.
 * - `INVALID_ARGUMENT`: a size below the source's; a size, depth, object size, striping or features that Ceph does not
 *   support.
 * - `NOT_FOUND`: no such pool, namespace, image or snapshot.
 * - `EXISTS`: the target exists already, or the snapshot to create does.
 * - `UNSUPPORTED`: the source has format 1 or lacks layering; or another namespace with clone format 1.
 * - `SOURCE_CHANGED`: another client removed the snapshot again and again.
 * - `BUSY`: another process is making the target at this moment.
 * - `INCOMPLETE`: what an interrupted operation left under the target's name is in use.
 * - `LEASE_LOST`: another process may have taken the clone over; nothing was undone.
 * - `UNDO_FAILED`: a step failed, and `left` could not be undone.
 */
export function cloneImage(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  return withCoppiceErrors({}, () => retryOnSourceChanged(() => cloneOnce(cluster, options)));
}

function cloneOnce(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  return makeImage(cluster, {
    kind: "clone",
    target: toImageOnly(options.target),
    signal: options.signal,
    details: newCloneRecord(null),
    prepare: (begin) => prepareCurrent(cluster, options, (facts) => begin(newCloneRecord(facts))),
    make: (prepared, operation) => makeClone(cluster, options, prepared, operation),
  });
}

async function makeClone(
  cluster: Cluster,
  options: CloneOptions,
  prepared: PreparedClone,
  operation: Operation,
): Promise<CloneResult> {
  const { signal } = operation;
  const runner = new StepRunner<DerivePhase>(derivePhases(prepared.plan), {
    signal,
    onProgress: ({ phase, done, total, unit }) => options.onProgress?.({ phase, done, total, unit }),
  });
  try {
    const derived = await deriveImage(cluster, prepared, { ...options, signal }, operation, runner);
    runner.finish();
    await operation.end();
    const { id, plan, held, released } = derived;
    const { snapshot, protect: _, flatten: flattened, ...rest } = plan;
    return {
      ...rest,
      id,
      snapshot: { name: held.name, id: held.id, reason: snapshot.reason },
      reused: !held.created,
      created: { snapshot: held.created && !released, protection: held.protected && !released },
      flattened,
    };
  } catch (error) {
    return await runner.fail(error, "cloneImage");
  }
}

export interface PlanCloneOptions extends CloneOptions {
  /** Spares plans of the same source for several targets, one after the other, the search for its snapshot. */
  memory?: SearchMemory | undefined;
}

/**
 * Returns what `cloneImage` with the same options would do, and changes nothing.
 *
 * When the source is written to between the plan and the clone, the clone creates a snapshot where the plan would have
 * reused one.
 *
 * @throws {CoppiceError} as `cloneImage` does
 */
export async function planClone(cluster: Cluster, options: PlanCloneOptions): Promise<ClonePlan> {
  return withCoppiceErrors({}, async () => {
    const prepared = await prepareClone(cluster, options, { memory: options.memory });
    checkSnapshotNameFree(prepared);
    return prepared.plan;
  });
}
