import { flattenStep, recordDeleted, releaseParents } from "../clone/index.ts";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import {
  type CloneOfImage,
  type DeletionFacts,
  evaluateRemoval,
  failUnderRecord,
  gatherDeletionFacts,
  ImageRemoval,
  lastingBlockers,
  type RemovalOptions,
  type RemovalPhase,
  type RemovalTarget,
  type RemovalVerdict,
  readRemovalFacts,
  refuseBlocked,
  removalDetails,
  removalTarget,
  removeImages,
  removeUnderRecord,
  type SnapshotsToRemove,
} from "../deletion/index.ts";
import { hasCode, withCoppiceErrors } from "../errors/index.ts";
import { type ImageSpec, type ImageSpecLike, toImageOnly } from "../names/index.ts";
import { type Operation, StepRunner } from "../operation/index.ts";

/**
 * What happens to the clones of the volume:
 * - `refuse`: a volume with clones is not deleted.
 * - `keep`: the volume is moved to the trash with its snapshots, where its clones keep reading from it. It goes from there
 *   with its last clone, unless it has snapshots of the user's.
 * - `flatten`: the clones are flattened first.
 */
export type Dependants = "refuse" | "keep" | "flatten";

/** `flatten`: the clones are flattened, one step each; counts objects. */
export type DeleteVolumePhase = "flatten" | RemovalPhase;

export interface DeleteVolumePlanOptions {
  /** `pool/[namespace/]image` */
  volume: ImageSpecLike;
  /** Default `refuse`. */
  dependants?: Dependants | undefined;
  /** Which of the user's snapshots are removed for good. Default `none`: a volume with snapshots is refused. */
  snapshots?: SnapshotsToRemove | undefined;
}

export type DeleteVolumeOptions = DeleteVolumePlanOptions &
  RemovalOptions<DeleteVolumePhase> & {
    /** Succeeds, with the outcome `absent`, when there is no such volume. Default false. */
    ifExists?: boolean | undefined;
  };

export interface DeleteVolumeResult {
  volume: ImageSpec;
  /** Ceph's id of the volume, by which it is found in the trash; `""` when it is `absent`. */
  id: string;
  /** `absent`: there was none, which `ifExists` allows. */
  outcome: "removed" | "trashed" | "absent";
  /** The clones that this call flattened. */
  flattened: ImageSpec[];
  /** The clones that keep the volume in the trash. */
  kept: readonly CloneOfImage[];
}

/** What {@link deleteVolume} with the same options would do. */
export type DeleteVolumePlan = RemovalTarget & DeleteDecision & { phases: DeleteVolumePhase[] };

/** Returns what {@link deleteVolume} would do and what blocks it. Changes nothing. @throws {CoppiceError} */
export async function planDeleteVolume(
  cluster: Cluster,
  { volume, dependants = "refuse", snapshots = "none", signal }: DeleteVolumePlanOptions & CallOptions,
): Promise<DeleteVolumePlan> {
  const facts = await readRemovalFacts(cluster, toImageOnly(volume), signal);
  const decision = decideDelete(facts, dependants, snapshots);
  return { ...removalTarget(facts), ...decision, phases: deletePhases(decision) };
}

/**
 * Deletes a volume without losing what depends on it: the clones are either flattened first, or keep reading from the
 * volume in the trash. Nothing is ever renamed. Snapshots that Coppice made by itself go with the volume, and those of the
 * image that it was cloned from go with their last clone.
 *
 * Everything is checked before anything is changed. The volume is moved to the trash before any of its data is destroyed,
 * unless it is in use, and that can be undone; see `removeImages` for what a failure after that leaves. A clone that was
 * flattened stays flattened: it has the same content as before, and no parent.
 *
 * Source: Cinder's deletion of a volume, which refuses one with snapshots and renames one with clones.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `NOT_FOUND`: the volume. A volume that an interrupted call moved to the trash is found there.
 * - `BUSY`: it has clones, all of them named; or it stayed in use. `NOT_EMPTY`: snapshots.
 * - `UNDO_FAILED`: a step failed, and `left` could not be undone.
 */
export async function deleteVolume(
  cluster: Cluster,
  options: DeleteVolumeOptions,
): Promise<DeleteVolumeResult> {
  options.signal?.throwIfAborted();
  const volume = toImageOnly(options.volume);
  const { snapshots = "none" } = options;
  try {
    return await removeUnderRecord(cluster, {
      image: volume,
      kind: "delete-volume",
      plan: async () => {
        const plan = await planDeleteVolume(cluster, options);
        refuseBlocked("deleteVolume", [plan]);
        const way = plan.outcome === "removed" ? "remove" : "trash";
        return {
          ...plan,
          details: await removalDetails(cluster, { ...volume, id: plan.id }, { way, snapshots }),
        };
      },
      run: (plan, operation) =>
        executeDelete(cluster, plan, { ...options, signal: operation.signal }, operation),
      resumed: async ({ id, way }) => ({
        volume,
        id,
        outcome: way === "remove" ? "removed" : "trashed",
        flattened: [],
        kept: way === "remove" ? [] : await clonesInTrash(cluster, volume, id),
      }),
      retry: options,
    });
  } catch (error) {
    if (options.ifExists !== true || !hasCode(error, "NOT_FOUND") || !(await isGone(cluster, volume)))
      throw error;
    return { volume, id: "", outcome: "absent", flattened: [], kept: [] };
  }
}

/** Not every `NOT_FOUND` means that the volume is gone. @throws {CoppiceError} `NOT_FOUND` for the pool */
async function isGone(cluster: Cluster, { pool, namespace, image }: ImageSpec): Promise<boolean> {
  const ioCtx = await cluster.pool(pool, namespace);
  const listed = await withCoppiceErrors({ object: pool }, () => ioCtx.listImages());
  return !listed.some(({ name }) => name === image);
}

async function clonesInTrash(
  cluster: Cluster,
  { pool, namespace }: ImageSpec,
  id: string,
): Promise<CloneOfImage[]> {
  return removalTarget(await gatherDeletionFacts(cluster, { pool, namespace, id }, { estimates: false }))
    .clones;
}

async function executeDelete(
  cluster: Cluster,
  plan: DeleteVolumePlan,
  options: DeleteVolumeOptions & { signal: AbortSignal },
  operation: Operation,
): Promise<DeleteVolumeResult> {
  const { phases, spec: volume, id, outcome, clones } = plan;
  const { signal } = options;
  const runner = new StepRunner<DeleteVolumePhase>(phases, options);
  try {
    for (const { spec, imageId } of plan.flatten) {
      await runner.run(
        "flatten",
        (advance) => flattenStep(cluster, spec, imageId, signal, advance),
        "objects",
      );
    }
    if (plan.flatten.length > 0) await refuseNewClones(cluster, options);
    const removal = new ImageRemoval(cluster, plan, plan.snapshots, operation);
    const flattened = plan.flatten.map(({ spec }) => spec);
    if (outcome === "removed") {
      await removeImages([removal], runner, options);
      return { volume, id, outcome, flattened, kept: [] };
    }
    await runner.run("trash", () => removal.moveToTrash(runner.undo, options));
    runner.finish();
    await waitForClones(cluster, volume, id);
    return { volume, id, outcome, flattened, kept: clones };
  } catch (error) {
    return await failUnderRecord(runner, signal, error, "deleteVolume");
  }
}

/** The volume goes from the trash with its last clone, which may be gone by now. */
async function waitForClones(cluster: Cluster, { pool, namespace }: ImageSpec, id: string): Promise<void> {
  const ioCtx = await cluster.pool(pool, namespace);
  await withCoppiceErrors({ object: pool }, () => recordDeleted(ioCtx, id));
  await releaseParents(cluster, [{ poolId: ioCtx.poolId, namespace, imageId: id }], async () => {});
}

/** Flattening takes time: refuses a clone that was made meanwhile, or one whose own snapshots still need the volume. */
async function refuseNewClones(cluster: Cluster, options: DeleteVolumeOptions): Promise<void> {
  refuseBlocked("deleteVolume", [await planDeleteVolume(cluster, { ...options, dependants: "refuse" })]);
}

interface DeleteDecision extends RemovalVerdict {
  outcome: "removed" | "trashed";
  /** The clones to be flattened first. */
  flatten: readonly CloneOfImage[];
}

/**
 * Decides how a volume is deleted. Being in use is not among the blockers: the removal is tried again meanwhile. The trash
 * keeps everything, so moving the volume there removes no snapshot and needs none to be allowed; but an image of a group
 * cannot be moved there. Pure.
 */
export function decideDelete(
  facts: DeletionFacts,
  dependants: Dependants,
  snapshotsToRemove: SnapshotsToRemove,
): DeleteDecision {
  const { clones } = removalTarget(facts);
  const verdict = evaluateRemoval(facts, snapshotsToRemove);
  const { snapshots } = verdict;
  const blockers = lastingBlockers(verdict.blockers);
  if (dependants === "keep" && clones.length > 0) {
    const inGroup = blockers.filter(({ kind }) => kind === "group");
    return { outcome: "trashed", flatten: [], snapshots: [], blockers: inGroup };
  }
  if (dependants === "flatten") {
    const others = blockers.filter(({ kind }) => kind !== "clones");
    return { outcome: "removed", flatten: clones, snapshots, blockers: others };
  }
  return { outcome: "removed", flatten: [], snapshots, blockers };
}

/** The steps of a decision, in order. */
export function deletePhases({ flatten, outcome }: DeleteDecision): DeleteVolumePhase[] {
  const flattens = flatten.map((): DeleteVolumePhase => "flatten");
  return outcome === "trashed" ? ["trash"] : [...flattens, "trash", "remove"];
}
