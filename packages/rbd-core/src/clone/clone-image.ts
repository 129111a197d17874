import type { Cluster } from "../cluster/cluster.ts";
import { translated } from "../errors/to-coppice-error.ts";
import { UndoLog } from "../undo/undo-log.ts";
import type { CloneOptions, ClonePhase } from "./clone-options.ts";
import type { CloneResult } from "./clone-result.ts";
import { cloneStep } from "./clone-step.ts";
import { createSnapshotStep } from "./create-snapshot-step.ts";
import { checkSnapshotNameFree, type PreparedClone, prepareClone } from "./prepare-clone.ts";
import { protectStep } from "./protect-step.ts";
import { stillCurrent } from "./still-current.ts";

/** How often a search is repeated when the source's snapshots changed meanwhile. */
const searches = 3;

/**
 * Clones an image, or one of its snapshots.
 *
 * A clone hangs on a snapshot. When the newest of the user's snapshots of that size holds exactly the current state, that snapshot is
 * used; otherwise one is created. It is protected only where the clone format needs that. The clone gets its
 * parent's features, object size and stripe unless told otherwise.
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
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export async function cloneImage(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  return translated({}, () => carryOut(cluster, options));
}

async function carryOut(cluster: Cluster, options: CloneOptions): Promise<CloneResult> {
  const { signal } = options;
  const report = (phase: ClonePhase, done: number) => options.onProgress?.({ phase, done, total: 1 });
  const prepared = await prepareUntilCurrent(cluster, options);
  const { plan, facts } = prepared;
  checkSnapshotNameFree(prepared);

  const undo = new UndoLog();
  try {
    let { id } = plan.snapshot;
    if (id === null) {
      signal?.throwIfAborted();
      report("snapshot", 0);
      const known = new Set(facts.snapshots.map((snapshot) => snapshot.id));
      id = await createSnapshotStep(cluster, plan.source, plan.snapshot.name, known, undo);
      report("snapshot", 1);
    }
    let isProtectedNow = false;
    if (plan.protect) {
      signal?.throwIfAborted();
      report("protect", 0);
      isProtectedNow = await protectStep(cluster, plan.source, plan.snapshot.name, undo);
      report("protect", 1);
    }
    signal?.throwIfAborted();
    report("clone", 0);
    await cloneStep(cluster, plan, facts, id, undo);
    report("clone", 1);
    signal?.throwIfAborted();
    const { snapshot, protect: _, ...rest } = plan;
    return {
      ...rest,
      snapshot: { name: snapshot.name, id, reason: snapshot.reason },
      reused: snapshot.action === "reuse",
      created: { snapshot: snapshot.action === "create", protection: isProtectedNow },
    };
  } catch (error) {
    try {
      report("undo", 0);
    } finally {
      await undo.undoAndThrow(error, "cloneImage");
    }
    throw error;
  }
}

/**
 * A snapshot that was found by the search is only used when the source's snapshots did not change during the
 * search. A plan that creates a snapshot is right whatever happened meanwhile.
 */
async function prepareUntilCurrent(cluster: Cluster, options: CloneOptions): Promise<PreparedClone> {
  for (let search = 1; ; search++) {
    const prepared = await prepareClone(cluster, options, search <= searches);
    if (!prepared.compared || prepared.plan.snapshot.action === "create") return prepared;
    if (await stillCurrent(cluster, prepared.facts)) return prepared;
  }
}
