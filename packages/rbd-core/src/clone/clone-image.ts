import type { Cluster } from "../cluster/cluster.ts";
import { hasCode, translated } from "../errors/to-coppice-error.ts";
import { UndoLog } from "../undo/undo-log.ts";
import { chooseSnapshot } from "./choose-snapshot.ts";
import type { CloneOptions, ClonePhase } from "./clone-options.ts";
import type { ClonePlan } from "./clone-plan.ts";
import type { CloneResult } from "./clone-result.ts";
import { cloneStep } from "./clone-step.ts";
import { createSnapshotStep } from "./create-snapshot-step.ts";
import { checkSnapshotNameFree, type PreparedClone } from "./prepare-clone.ts";
import { protectStep } from "./protect-step.ts";

/** How often a clone is begun anew when the snapshot it was to hang on is taken away. */
const attempts = 3;

/**
 * Clones an image, or one of its snapshots.
 *
 * A clone hangs on a snapshot. The newest of the user's snapshots that holds exactly the current state is used;
 * when there is none, one is created. It is protected only where the clone format needs that. The clone gets its
 * parent's features, object size and stripe unless told otherwise. Clones of one source that begin together, in
 * whatever processes, share one new snapshot.
 *
 * While the source is being written to, the clone is a state the source really had during the call (see
 * `stillCurrent` for why).
 *
 * Everything is checked before anything is changed. When a step fails, exactly what was made is taken back, in
 * reverse. Aborting does the same and rejects with the signal's reason; a change that is under way is finished
 * first, then taken back.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`: source or target does not parse, or the target names a snapshot.
 * - `NOT_FOUND`: no such pool, namespace, image or snapshot.
 * - `EXISTS`: the target is there already, or the snapshot to create is.
 * - `UNSUPPORTED`: the source has format 1 or lacks layering; or another namespace with clone format 1.
 * - `SOURCE_CHANGED`: somebody keeps taking away the snapshot.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export async function cloneImage(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  return translated({}, async () => {
    for (let attempt = 1; ; attempt++) {
      try {
        return await carryOut(cluster, options);
      } catch (error) {
        // Another client took the snapshot away, or its protection, between our choice and the clone: choose again.
        if (attempt === attempts || !hasCode(error, "SOURCE_CHANGED")) throw error;
      }
    }
  });
}

async function carryOut(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  const { signal } = options;
  const report = (phase: ClonePhase, done: number) => options.onProgress?.({ phase, done, total: 1 });
  const undo = new UndoLog();
  const created = { snapshot: false, protection: false };

  const protect = async (plan: ClonePlan) => {
    signal?.throwIfAborted();
    report("protect", 0);
    created.protection = await protectStep(cluster, plan.source, plan.snapshot.name, undo);
    report("protect", 1);
  };
  const makeSnapshot = async (prepared: PreparedClone) => {
    const { plan, facts } = prepared;
    checkSnapshotNameFree(prepared);
    signal?.throwIfAborted();
    report("snapshot", 0);
    const known = new Set(facts.snapshots.map((snapshot) => snapshot.id));
    const id = await createSnapshotStep(cluster, plan.source, plan.snapshot.name, known, undo);
    created.snapshot = true;
    report("snapshot", 1);
    // Whoever finds the snapshot should find it ready.
    if (plan.protect) await protect(plan);
    return id;
  };

  try {
    const { prepared, id } = await chooseSnapshot(cluster, options, makeSnapshot);
    const { plan, facts } = prepared;
    if (plan.protect && !created.snapshot) await protect(plan);
    signal?.throwIfAborted();
    report("clone", 0);
    await cloneStep(cluster, plan, facts, id, undo);
    report("clone", 1);
    signal?.throwIfAborted();
    const { snapshot, protect: _, ...rest } = plan;
    return {
      ...rest,
      snapshot: { name: snapshot.name, id, reason: snapshot.reason },
      reused: !created.snapshot,
      created,
    };
  } catch (error) {
    if (undo.isEmpty) throw error;
    try {
      report("undo", 0);
    } finally {
      await undo.undoAndThrow(error, "cloneImage");
    }
    throw error;
  }
}
