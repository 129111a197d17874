import {
  type CloneChoices,
  type CloneFormat,
  type CloneOptions,
  type CloneRecord,
  type CloneShape,
  type CloneShapeOptions,
  checkSnapshotNameFree,
  checkTarget,
  createImageStep,
  type DerivePhase,
  deriveImage,
  derivePhases,
  newCloneRecord,
  type PreparedClone,
  prepareCurrent,
} from "../clone/index.ts";
import type { CallOptions, Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { type Begin, checkSize, makeImage, openImage } from "../image/index.ts";
import { formatImageSpec, type ImageSpec, type ImageSpecLike, toImageOnly } from "../names/index.ts";
import { type FlowOptions, type Operation, retryOnSourceChanged, StepRunner } from "../operation/index.ts";
import { originSpec, type VolumeOrigin } from "./volume-origin.ts";

/** `create` is the only step of an empty volume; a volume that is made from something takes the others. */
export type VolumePhase = "create" | DerivePhase;

/** Cinder's default of `rbd_max_clone_depth`. */
const defaultMaxDepth = 5;

export interface VolumeOptions extends CloneShapeOptions, CloneChoices {
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** Default: nothing, for an empty volume. Then `size` is needed. */
  from?: VolumeOrigin | undefined;
  /**
   * How many images the volume may have above it in the end; one that would have more is flattened. 0: the volume is
   * a full copy. Default 5.
   */
  maxDepth?: number | undefined;
  /** `RBD_FEATURE_*` bits. Default: the source's; of an empty volume what the cluster configures. */
  features?: bigint | undefined;
  /** The name of the snapshot on the source volume, if one has to be created. */
  snapshotName?: string | undefined;
  /** Uses this clone format whatever the cluster is configured to. */
  cloneFormat?: CloneFormat | undefined;
}

export type CreateVolumeOptions = VolumeOptions & FlowOptions<VolumePhase>;

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
    /** With the snapshot that is the volume's parent, or was until it was flattened. */
    spec: Required<ImageSpec>;
    /** Whether that snapshot was created for this, and still exists. */
    snapshotCreated: boolean;
    /** Whether the source is as it was before. */
    unchanged: boolean;
  };
  /** Sentences that a user should read, such as that an ancestor could not be read and the depth may be more. */
  warnings: string[];
}

/**
 * Creates a volume: empty, or from a snapshot, another volume's current state, or a template.
 *
 * A volume that is made from something is a clone of it. It is flattened when that is asked for, or when it would have too
 * many images above it (`maxDepth`); then what was made on the source is removed again. With `maxDepth: 0` it always is a
 * full copy.
 *
 * Everything is checked before anything is changed; on failure or abort exactly what was made is undone. After the process
 * died, the same call removes what was left and creates the volume again, and `reconcile` finishes or undoes it.
 *
 * Source: what Cinder's RBD driver does for each kind of volume. Unlike there, a volume's snapshot is reused while the
 * volume is unchanged, all ancestors count for the depth, and the copy is a state the source had at one moment.
 *
 * @throws {CoppiceError}
 * - `INVALID_NAME`, `INVALID_ARGUMENT`: a name, size or depth that is not one; a size below the source's; no size for an
 *   empty volume; a template of another cluster.
 * - `NOT_FOUND`, `EXISTS`, `UNSUPPORTED`: see `cloneImage`.
 * - `BUSY`, `INCOMPLETE`, `LEASE_LOST`, `SOURCE_CHANGED`: see `cloneImage`.
 * - `UNDO_FAILED`: a step failed, and `left` could not be undone.
 */
export function createVolume(cluster: Cluster, options: CreateVolumeOptions): Promise<VolumeResult> {
  return retryOnSourceChanged(() => createOnce(cluster, options));
}

function createOnce(cluster: Cluster, options: CreateVolumeOptions): Promise<VolumeResult> {
  options.signal?.throwIfAborted();
  return makeImage(cluster, {
    kind: "volume",
    target: toImageOnly(options.target),
    signal: options.signal,
    details: newCloneRecord(null),
    prepare: (begin) => prepareVolume(cluster, options, begin),
    make: (prepared, operation) => makeVolume(cluster, options, prepared, operation),
  });
}

async function makeVolume(
  cluster: Cluster,
  options: CreateVolumeOptions,
  prepared: PreparedVolume,
  operation: Operation,
): Promise<VolumeResult> {
  const { signal } = operation;
  const { target, clone } = prepared;
  const runner = new StepRunner<VolumePhase>(volumePhases(prepared), { ...options, signal });
  try {
    if (clone === null) {
      const { size, depth, flatten: flattened, flattenReason } = prepared.shape;
      const id = await runner.run("create", () => createEmpty(cluster, target, size, options, runner));
      runner.finish();
      await operation.end();
      return { target, id, size, depth, flattened, flattenReason, source: null, warnings: [] };
    }
    const derived = await deriveImage(cluster, clone, { ...clone.options, signal }, operation, runner);
    runner.finish();
    await operation.end();
    const { id, plan, held, released } = derived;
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

/** Returns what {@link createVolume} would do, and changes nothing. @throws {CoppiceError} as that does */
export async function planVolume(
  cluster: Cluster,
  options: VolumeOptions & CallOptions,
): Promise<VolumePlan> {
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
  await using image = await openImage(cluster, target, { readOnly: true, allowIncomplete: true });
  return image.id;
}

/** What is decided before anything is changed. */
interface PreparedVolume {
  target: ImageSpec;
  shape: CloneShape;
  /** The clone that the volume begins as, with the options for it; `null` for an empty volume. */
  clone: (PreparedClone & { options: CloneOptions }) | null;
}

/**
 * Reads everything that a new volume depends on, and decides what it will be. Changes nothing.
 *
 * @param begin Begins the operation that makes the volume, meanwhile.
 * @throws {CoppiceError} see `createVolume`
 */
async function prepareVolume(
  cluster: Cluster,
  options: CreateVolumeOptions,
  begin?: Begin<CloneRecord>,
): Promise<PreparedVolume> {
  options.signal?.throwIfAborted();
  const target = toImageOnly(options.target);
  if (options.from === undefined) {
    const empty = await prepareEmpty(cluster, target, options);
    await begin?.(newCloneRecord(null));
    return empty;
  }
  const { from, onProgress: _, maxDepth = defaultMaxDepth, ...choices } = options;
  const cloneOptions = { ...choices, maxDepth, source: originSpec(cluster.fsid, from), target };
  const prepared = await prepareCurrent(cluster, cloneOptions, async (facts) =>
    begin?.(newCloneRecord(facts)),
  );
  return { target, shape: prepared.plan, clone: { ...prepared, options: cloneOptions } };
}

async function prepareEmpty(
  cluster: Cluster,
  target: ImageSpec,
  { size }: VolumeOptions,
): Promise<PreparedVolume> {
  const object = formatImageSpec(target);
  if (size === undefined) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "createVolume",
      object,
      message: `${object} cannot be created: an empty volume needs a size`,
      hint: "Give the size in bytes, or the volume, snapshot or template to make it from.",
    });
  }
  checkSize("createVolume", object, size);
  await checkTarget(cluster, target);
  const shape = { size, flatten: false, flattenReason: "it is made from nothing", depth: 0 };
  return { target, shape, clone: null };
}
