import {
  type CloneChoices,
  type CloneFormat,
  type CloneOptions,
  type CloneShape,
  type CloneWishes,
  checkSnapshotNameFree,
  checkTarget,
  createImageStep,
  type DerivePhase,
  deriveImage,
  derivePhases,
  type PreparedClone,
  prepareCurrent,
} from "../clone/index.ts";
import type { Cluster } from "../cluster/index.ts";
import { CoppiceError } from "../errors/index.ts";
import { checkSize, openImage } from "../image/index.ts";
import {
  formatImageSpec,
  type ImageSpec,
  type ImageSpecLike,
  showImageSpec,
  toImageOnly,
  toImageSpec,
} from "../names/index.ts";
import { type FlowOptions, retryOnSourceChanged, StepRunner } from "../operation/index.ts";
import { resolveTemplate, type TemplateLike } from "../template/index.ts";

/** What a volume is made from. */
export type VolumeOrigin =
  /** `pool/[namespace/]image@snap` */
  | { snapshot: ImageSpecLike }
  /** `pool/[namespace/]image`: its current state. */
  | { volume: ImageSpecLike }
  /** A template, by its name (`@snap` unless it says otherwise) or its `rbd://` URL. */
  | { template: TemplateLike };

/** `create`: an empty one. The rest is of those that are made from something. */
export type VolumePhase = "create" | DerivePhase;

/** How Cinder is set up by default (`rbd_max_clone_depth`). */
const defaultMaxDepth = 5;

export interface VolumeOptions extends CloneWishes, CloneChoices {
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
  /** Insists on a clone format instead of what the cluster allows. */
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

/** All that is known before anything is changed. */
interface PreparedVolume {
  target: ImageSpec;
  shape: CloneShape;
  /** What the volume begins as, and what was asked for to get there; `null` for an empty volume. */
  clone: (PreparedClone & { options: CloneOptions }) | null;
}

/**
 * Looks at everything a new volume needs, and decides what it will be. Only reads.
 *
 * @throws {CoppiceError} see `createVolume`
 */
async function prepareVolume(cluster: Cluster, options: CreateVolumeOptions): Promise<PreparedVolume> {
  const target = toImageOnly(options.target);
  if (options.from === undefined) return prepareEmpty(cluster, target, options);
  const { from, onProgress: _, maxDepth = defaultMaxDepth, ...choices } = options;
  const cloneOptions = { ...choices, maxDepth, source: originSpec(cluster.fsid, from), target };
  const prepared = await prepareCurrent(cluster, cloneOptions);
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
      message: "an empty volume needs a size",
      hint: "Give the size in bytes, or what the volume is to be made from.",
    });
  }
  checkSize("createVolume", object, size);
  await checkTarget(cluster, target);
  const flattenReason = "it is made from nothing";
  return {
    target,
    shape: { size, flatten: false, flattenReason, depth: 0 },
    clone: null,
  };
}

function originSpec(fsid: string, from: VolumeOrigin): ImageSpec {
  if ("volume" in from) return toImageOnly(from.volume);
  if ("template" in from) return resolveTemplate(fsid, from.template);
  const spec = toImageSpec(from.snapshot);
  if (spec.snapshot !== undefined) return spec;
  throw new CoppiceError({
    code: "INVALID_NAME",
    call: "createVolume",
    object: showImageSpec(spec),
    message: `${JSON.stringify(showImageSpec(spec))} names an image where a snapshot is needed`,
    hint: "Add @ and the snapshot's name, or say that the volume itself is meant.",
  });
}
