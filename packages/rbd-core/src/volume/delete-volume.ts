import type { Cluster } from "../cluster/cluster.ts";
import { toImageOnly } from "../names/to-image-spec.ts";
import { DoomedImage } from "../removal/doomed-image.ts";
import { removalRefusal } from "../removal/judge-removal.ts";
import { readRemovalFacts } from "../removal/read-removal-facts.ts";
import type { RemovalFacts } from "../removal/removal-facts.ts";
import { removeImages } from "../removal/remove-images.ts";
import { flattenStep } from "../steps/flatten-step.ts";
import { StepRunner } from "../steps/step-runner.ts";
import { type DeleteDecision, decideDelete, deletePhases } from "./decide-delete.ts";
import type {
  DeleteVolumeOptions,
  DeleteVolumePhase,
  DeleteVolumeResult,
  DeleteVolumeWishes,
} from "./delete-volume-types.ts";

/** What {@link deleteVolume} with the same options would do. */
export type DeleteVolumePlan = RemovalFacts & DeleteDecision & { phases: DeleteVolumePhase[] };

/** Says what {@link deleteVolume} would do and what stands against it. Changes nothing. @throws {CoppiceError} */
export async function planDeleteVolume(
  cluster: Cluster,
  { volume, dependants = "refuse", snapshots = "none" }: DeleteVolumeWishes,
): Promise<DeleteVolumePlan> {
  const facts = await readRemovalFacts(cluster, toImageOnly(volume));
  const decision = decideDelete(facts, dependants, snapshots);
  return { ...facts, ...decision, phases: deletePhases(decision) };
}

/**
 * Deletes a volume without losing what depends on it: the clones either are made independent first, or keep reading
 * from it in the trash. Nothing is ever renamed.
 *
 * Everything is checked before anything is changed. The volume is moved to the trash before anything of it is
 * destroyed, unless it is in use, and that can be taken back; see `removeImages` for what a failure after that leaves.
 * A clone that was flattened stays so: it has the same content as before, and no parent.
 *
 * Source: Cinder's deletion of a volume, which refuses one with snapshots and renames one with clones.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `NOT_FOUND`: the volume.
 * - `BUSY`: clones read from it, all of them named; or it stayed in use. `NOT_EMPTY`: snapshots.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export async function deleteVolume(
  cluster: Cluster,
  options: DeleteVolumeOptions,
): Promise<DeleteVolumeResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const { phases, ...decided } = await planDeleteVolume(cluster, options);
  refuse(decided, decided);
  const { spec: volume, id, outcome, clones } = decided;
  const runner = new StepRunner<DeleteVolumePhase>(phases, options);
  try {
    for (const clone of decided.flatten) {
      const { spec, imageId } = clone;
      await runner.run(
        "flatten",
        (advance) => flattenStep(cluster, spec, imageId, signal, advance),
        "objects",
      );
    }
    if (decided.flatten.length > 0) await refuseNewClones(cluster, options);
    const doomed = new DoomedImage(cluster, decided, decided.snapshots);
    const flattened = decided.flatten.map(({ spec }) => spec);
    if (outcome === "removed") {
      await removeImages([doomed], runner, options);
      return { volume, id, outcome, flattened, kept: [] };
    }
    await runner.run("trash", () => doomed.moveToTrash(runner.undo, options));
    runner.finish();
    return { volume, id, outcome, flattened, kept: clones };
  } catch (error) {
    return await runner.fail(error, "deleteVolume");
  }
}

/** Flattening takes time; a clone made meanwhile, or one whose snapshots still need the volume, keeps it. */
async function refuseNewClones(cluster: Cluster, options: DeleteVolumeOptions): Promise<void> {
  const again = await planDeleteVolume(cluster, { ...options, dependants: "refuse" });
  refuse(again, again);
}

function refuse(facts: RemovalFacts, { blockers }: DeleteDecision): void {
  if (blockers.length > 0) throw removalRefusal("deleteVolume", [{ facts, blockers }]);
}
