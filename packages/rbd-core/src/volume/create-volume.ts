import { checkSnapshotNameFree } from "../clone/prepare-clone.ts";
import type { Cluster } from "../cluster/cluster.ts";
import { openImage } from "../image/open-image.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { retryOnSourceChanged } from "../steps/begin-again.ts";
import { createImageStep } from "../steps/create-image-step.ts";
import { deriveImage } from "../steps/derive-image.ts";
import { derivePhases } from "../steps/derive-phases.ts";
import { StepRunner } from "../steps/step-runner.ts";
import { type PreparedVolume, prepareVolume } from "./prepare-volume.ts";
import type { CreateVolumeOptions, VolumeOptions, VolumePhase } from "./volume-options.ts";

export interface VolumeResult {
  target: ImageSpec;
  /** Ceph's id of the volume. */
  id: string;
  /** Bytes. */
  size: number;
  /** How many images it has above it. */
  depth: number;
  flattened: boolean;
  /** Why it was flattened or why not; one sentence without a full stop. */
  flattenReason: string;
  /** What it was made from; `null` for an empty one. */
  source: null | {
    /** With the snapshot the volume hangs on, or hung on before it was flattened. */
    spec: Required<ImageSpec>;
    /** Whether that snapshot was created for this, and is still there. */
    snapshotCreated: boolean;
    /** Whether the source is as it was before. */
    unchanged: boolean;
  };
  /** Sentences a user should read, such as that an ancestor could not be read and the depth may be more. */
  warnings: string[];
}

/**
 * Creates a volume: empty, or from a snapshot, another volume's current state, or a template.
 *
 * A volume that is made from something is a clone of it, and flattened when that is asked for or it would lie too
 * deep (`maxDepth`); then what was made on the source is taken away again. With `maxDepth: 0` it always is a full copy.
 *
 * Everything is checked before anything is changed; on failure or abort exactly what was made is taken back.
 *
 * Source: what Cinder's RBD driver does for each kind of volume. Unlike there, a volume's snapshot is used again while
 * the volume is unchanged, all ancestors count for the depth, and the copy is a state the source had at one moment.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `INVALID_ARGUMENT`: a name, size or depth that cannot be; a size below the source's; no size for
 *   an empty volume; a template of another cluster.
 * - `NOT_FOUND`, `EXISTS`, `UNSUPPORTED`: see `cloneImage`.
 * - `SOURCE_CHANGED`: somebody keeps taking away the snapshot.
 * - `UNDO_FAILED`: it failed, and `left` could not be taken back.
 */
export function createVolume(cluster: Cluster, options: CreateVolumeOptions): Promise<VolumeResult> {
  return retryOnSourceChanged(() => carryOut(cluster, options));
}

async function carryOut(cluster: Cluster, options: CreateVolumeOptions): Promise<VolumeResult> {
  const { signal } = options;
  signal?.throwIfAborted();
  const prepared = await prepareVolume(cluster, options);
  const { target, clone } = prepared;
  const runner = new StepRunner<VolumePhase>(volumePhases(prepared), options);
  try {
    if (clone === null) {
      const { size, depth, flatten: flattened, flattenReason } = prepared.shape;
      const id = await runner.run("create", () => createEmpty(cluster, target, size, options, runner));
      runner.finish();
      return { target, id, size, depth, flattened, flattenReason, source: null, warnings: [] };
    }
    const { id, plan, held, released } = await deriveImage(cluster, clone, clone.options, runner);
    runner.finish();
    const { size, depth, flatten: flattened, flattenReason, warnings } = plan;
    const spec = { ...plan.source, snapshot: held.name };
    const source = { spec, snapshotCreated: held.created && !released, unchanged: released };
    return { target, id, size, depth, flattened, flattenReason, source, warnings };
  } catch (error) {
    return await runner.fail(error, "createVolume");
  }
}

/** What {@link createVolume} with the same options would do. */
export interface VolumePlan extends Omit<VolumeResult, "id" | "source"> {
  /** The steps, in order. */
  phases: VolumePhase[];
  /** `null` for an empty volume. */
  clone: NonNullable<PreparedVolume["clone"]>["plan"] | null;
}

/** Says what {@link createVolume} would do, and changes nothing. @throws {CoppiceError} what that would refuse */
export async function planVolume(cluster: Cluster, options: VolumeOptions): Promise<VolumePlan> {
  const prepared = await prepareVolume(cluster, options);
  if (prepared.clone !== null) checkSnapshotNameFree(prepared.clone);
  const { size, depth, flatten: flattened, flattenReason } = prepared.shape;
  const clone = prepared.clone?.plan ?? null;
  const { target } = prepared;
  const warnings = clone?.warnings ?? [];
  return { target, size, depth, flattened, flattenReason, warnings, phases: volumePhases(prepared), clone };
}

function volumePhases({ clone }: PreparedVolume): VolumePhase[] {
  return clone === null ? ["create"] : derivePhases(clone.plan);
}

async function createEmpty(
  cluster: Cluster,
  target: ImageSpec,
  size: number,
  { features, objectSize, stripeUnit, stripeCount, dataPool }: VolumeOptions,
  { undo }: StepRunner<VolumePhase>,
): Promise<string> {
  const layout = { features, objectSize, stripeUnit, stripeCount, dataPool: dataPool ?? undefined };
  const given = Object.fromEntries(Object.entries(layout).filter(([, value]) => value !== undefined));
  await createImageStep(cluster, target, { size, ...given }, undo);
  await using image = await openImage(cluster, target, { readOnly: true });
  return image.id;
}
