import type { CloneOptions } from "../clone/clone-options.ts";
import { createSnapshotStep } from "../clone/create-snapshot-step.ts";
import { checkSnapshotNameFree, type PreparedClone } from "../clone/prepare-clone.ts";
import { prepareCurrent } from "../clone/prepare-current.ts";
import { protectStep } from "../clone/protect-step.ts";
import { stillCurrent } from "../clone/still-current.ts";
import { withSourceLock } from "../clone/with-source-lock.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
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
