import type { CloneOptions } from "../clone/clone-options.ts";
import { createSnapshotStep } from "../clone/create-snapshot-step.ts";
import { checkSnapshotNameFree, type PreparedClone } from "../clone/prepare-clone.ts";
import { prepareCurrent } from "../clone/prepare-current.ts";
import { protectStep } from "../clone/protect-step.ts";
import { stillCurrent } from "../clone/still-current.ts";
import { withSourceLock } from "../clone/with-source-lock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import type { UndoLog } from "../undo/undo-log.ts";
import type { HeldSnapshot } from "./release-snapshot-step.ts";

export interface ReadySnapshot {
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
  const { id, name } = prepared.plan.snapshot;
  if (id !== null) return protectIt(cluster, prepared, { name, id, created: false, protected: false }, undo);
  return withSourceLock(cluster, prepared.facts, options.signal, async () => {
    options.signal?.throwIfAborted();
    const same = await stillCurrent(cluster, prepared.facts);
    const now = same ? prepared : await prepareCurrent(cluster, options);
    options.signal?.throwIfAborted();
    return protectIt(cluster, now, await makeIt(cluster, now, undo), undo);
  });
}

async function makeIt(cluster: Cluster, prepared: PreparedClone, undo: UndoLog): Promise<HeldSnapshot> {
  const { plan, facts } = prepared;
  const { id, name } = plan.snapshot;
  if (id !== null) return { name, id, created: false, protected: false };
  checkSnapshotNameFree(prepared);
  const known = new Set(facts.snapshots.map((snapshot) => snapshot.id));
  const made = await createSnapshotStep(cluster, plan.source, name, known, undo);
  return { name, id: made, created: true, protected: false };
}

async function protectIt(
  cluster: Cluster,
  prepared: PreparedClone,
  held: HeldSnapshot,
  undo: UndoLog,
): Promise<ReadySnapshot> {
  const { plan } = prepared;
  const isProtected = plan.protect && (await protectStep(cluster, plan.source, held.name, undo));
  return { prepared, held: { ...held, protected: isProtected } };
}
