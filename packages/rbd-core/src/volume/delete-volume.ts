import { flattenStep } from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import {
  type CloneOfImage,
  DoomedImage,
  type DoomedSnapshots,
  evaluateRemoval,
  type RemovalBlocker,
  type RemovalFacts,
  type RemovalPhase,
  readRemovalFacts,
  removalRefusal,
  removeImages,
} from "../deletion/index.ts";
import type { SnapshotRow } from "../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, toImageOnly } from "../names/index.ts";
import { type FlowOptions, type RetryOptions, StepRunner } from "../operation/index.ts";

/**
 * What becomes of the clones that read from the volume:
 * - `refuse`: a volume with clones is not deleted.
 * - `keep`: it goes to the trash with its snapshots, where its clones go on reading from it.
 * - `flatten`: the clones are made independent first.
 */
export type Dependants = "refuse" | "keep" | "flatten";

/** `flatten`: the clones are made independent, one step each; counts objects. */
export type DeleteVolumePhase = "flatten" | RemovalPhase;

export interface DeleteVolumeWishes {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** Default `refuse`. */
  dependants?: Dependants | undefined;
  /** Which of the user's snapshots may go for good. Default `none`: a volume with snapshots is refused. */
  snapshots?: DoomedSnapshots | undefined;
}

export type DeleteVolumeOptions = DeleteVolumeWishes &
  FlowOptions<DeleteVolumePhase> &
  Pick<RetryOptions, "attempts" | "pauseMilliseconds" | "pause" | "onBusy">;

export interface DeleteVolumeResult {
  volume: ImageSpec;
  /** Ceph's id of the volume: by this it is found in the trash. */
  id: string;
  outcome: "removed" | "trashed";
  /** The clones that were made independent. */
  flattened: ImageSpec[];
  /** The clones that keep the volume in the trash. */
  kept: readonly CloneOfImage[];
}

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

interface DeleteDecision {
  outcome: "removed" | "trashed";
  /** The clones to be made independent first. */
  flatten: readonly CloneOfImage[];
  /** The snapshots that go for good, oldest first. */
  snapshots: SnapshotRow[];
  /** What stands against it, being in use left out; nothing is done unless this is empty. */
  blockers: RemovalBlocker[];
}

/**
 * Decides how a volume goes. The trash keeps everything, so going there needs no leave for the snapshots; but no image
 * of a group can go there. Pure.
 */
export function decideDelete(
  facts: RemovalFacts,
  dependants: Dependants,
  doomed: DoomedSnapshots,
): DeleteDecision {
  const { blockers, snapshots } = evaluateRemoval(facts, doomed);
  const lasting = blockers.filter(({ kind }) => kind !== "in-use");
  if (dependants === "keep" && facts.clones.length > 0) {
    const inGroup = lasting.filter(({ kind }) => kind === "group");
    return { outcome: "trashed", flatten: [], snapshots: [], blockers: inGroup };
  }
  if (dependants === "flatten") {
    const others = lasting.filter(({ kind }) => kind !== "clones");
    return { outcome: "removed", flatten: facts.clones, snapshots, blockers: others };
  }
  return { outcome: "removed", flatten: [], snapshots, blockers: lasting };
}

/** The steps that the decision comes to. */
export function deletePhases({ flatten, outcome }: DeleteDecision): DeleteVolumePhase[] {
  const flattens = flatten.map((): DeleteVolumePhase => "flatten");
  return outcome === "trashed" ? ["trash"] : [...flattens, "trash", "remove"];
}
