import { CoppiceError } from "../errors/index.ts";
import { checkSize, featureNames, imageFeatures } from "../image/index.ts";
import type { SnapshotRow } from "../inventory/index.ts";
import { type ImageSpec, type ImageSpecLike, showImageSpec } from "../names/index.ts";
import type { ProgressUnit } from "../operation/index.ts";
import type { CloneFormat, CloneFormatChoice } from "./clone-format.ts";
import { type CloneChoices, cloneFeatures, cloneLayout } from "./clone-layout.ts";
import type { NameSource } from "./own-snapshots.ts";
import type { SourceFacts } from "./search/source.ts";

/** The size of a clone, and how independent it is of its source. */
export interface CloneShapeOptions {
  /** Bytes; at least the source's size. Default: the source's size. */
  size?: number | undefined;
  /** Makes the clone independent of its source. Default false. */
  flatten?: boolean | undefined;
  /**
   * How many images the clone may have above it in the end; one that would have more is flattened. 0: it is a full
   * copy. Default: no limit.
   */
  maxDepth?: number | undefined;
}

export interface CloneOptions extends CloneChoices, CloneShapeOptions {
  /** `pool/[namespace/]image` clones the current state, `pool/[namespace/]image@snap` that snapshot. */
  source: ImageSpecLike;
  /** `pool/[namespace/]image`, which must not exist. */
  target: ImageSpecLike;
  /** The name of the snapshot, if one has to be created. Default: a new one that starts with `coppice-`. */
  snapshotName?: string | undefined;
  /** Uses this clone format whatever the cluster is configured to. */
  cloneFormat?: CloneFormat | undefined;
  /** Aborting undoes what was made. A change that is under way is finished first; flattening stops. */
  signal?: AbortSignal | undefined;
  onProgress?: ((progress: CloneProgress) => void) | undefined;
  /** Where the name of a new snapshot comes from. Default: the clock and random bytes. */
  names?: NameSource | undefined;
}

export interface CloneProgress {
  phase: ClonePhase;
  /** Of this phase. */
  done: number;
  /** Of this phase; 0 until it is known. */
  total: number;
  unit: ProgressUnit;
}

/**
 * - `check`: names, source and target are checked.
 * - `search`: the snapshots are compared with the current state; `done` of `total` snapshots were compared.
 * - `snapshot` to `grow`: the changes, as far as they are needed.
 * - `undo`: a step failed, or the signal was aborted, and what had been made is being removed again.
 */
export type ClonePhase = "check" | "search" | DerivePhase | "undo";

/**
 * - `snapshot`: the snapshot of the source is created, protected or both, as far as needed.
 * - `clone`: the new image is created.
 * - `flatten`: the data that it shares with the source is copied; counts objects.
 * - `release`: the snapshot and protection that were made on the source are removed again.
 * - `grow`: the image is enlarged to the size that was asked for.
 */
export type DerivePhase = "snapshot" | "clone" | "flatten" | "release" | "grow";

/** Everything that cloning will do, decided before anything is changed. */
export interface ClonePlan {
  /** The image, without a snapshot. */
  source: ImageSpec;
  target: ImageSpec;
  snapshot: PlannedSnapshot;
  /** Whether the snapshot will be protected; false also when it already is. */
  protect: boolean;
  cloneFormat: CloneFormat;
  /** One sentence without a full stop. */
  cloneFormatReason: string;
  /** Bytes, of the snapshot. */
  sourceSize: number;
  /** Bytes, of the clone in the end: the snapshot's, or more when that was asked for. */
  size: number;
  /** Whether the clone is flattened, and what was made on the source removed again. */
  flatten: boolean;
  /** Why it is flattened or why not; one sentence without a full stop. */
  flattenReason: string;
  /** `RBD_FEATURE_*` bits of the clone. */
  features: bigint;
  /** Bytes, a power of two. */
  objectSize: number;
  /** log2 of `objectSize`. */
  order: number;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  /** `null` leaves the data in the target's own pool, or in the pool the cluster configures for it. */
  dataPool: string | null;
  /** How many images the clone will have above it in the end. */
  depth: number;
  /** Sentences that a user should read before cloning. */
  warnings: string[];
}

/** Which snapshot will be the clone's parent, and why that one. */
export interface PlannedSnapshot {
  name: string;
  /** `null` while it is still to be created. */
  id: bigint | null;
  action: "reuse" | "create";
  /** One sentence without a full stop. */
  reason: string;
}

/** Whether the source needs a change before it can be cloned. */
export function changesSource(plan: ClonePlan): boolean {
  return plan.snapshot.action === "create" || plan.protect;
}

/** The steps that deriving an image takes, in order. Pure. */
export function derivePhases(plan: ClonePlan, withSnapshot = changesSource(plan)): DerivePhase[] {
  const phases: DerivePhase[] = [];
  if (withSnapshot) phases.push("snapshot");
  phases.push("clone");
  if (plan.flatten) phases.push("flatten");
  if (plan.flatten && withSnapshot) phases.push("release");
  if (plan.size > plan.sourceSize) phases.push("grow");
  return phases;
}

/**
 * Refuses what cannot be cloned at all, whatever the snapshot.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for an image of format 1, or without the layering feature.
 */
export function checkCloneable(source: Pick<SourceFacts, "spec" | "oldFormat" | "features">): void {
  const object = showImageSpec(source.spec);
  const refusal = (message: string, hint: string) =>
    new CoppiceError({ code: "UNSUPPORTED", call: "cloneImage", object, message, hint });
  if (source.oldFormat) {
    throw refusal(
      `${object} cannot be cloned: cloning an image of format 1 is unsupported`,
      "Copy it into an image of format 2 first.",
    );
  }
  if ((source.features & imageFeatures.layering) === 0n) {
    throw refusal(
      `${object} cannot be cloned: it lacks the layering feature`,
      "The feature can only be given when an image is created: copy the image into one that has it.",
    );
  }
}

/** @throws {CoppiceError} `UNSUPPORTED` for a size of 0: librbd would call the arguments invalid */
function checkNotEmpty({ spec }: Pick<SourceFacts, "spec">, size: number): void {
  if (size > 0) return;
  const object = showImageSpec(spec);
  throw new CoppiceError({
    code: "UNSUPPORTED",
    call: "cloneImage",
    object,
    message: `${object} cannot be cloned: it has a size of 0 bytes`,
    hint: "Enlarge it, or create an empty image of the size that you need.",
  });
}

/** What {@link decideClone} decides from. */
export interface CloneDecision {
  source: SourceFacts;
  target: ImageSpec;
  /** The snapshot to clone when there is one already, and why that one. */
  existing: { snapshot: SnapshotRow; reason: string } | null;
  /** Otherwise the name of the snapshot to create, and why there has to be a new one. */
  create: { name: string; reason: string };
  format: CloneFormatChoice;
  /** How many images are above the source. */
  sourceDepth: number;
  choices: CloneChoices & CloneShapeOptions;
}

/**
 * Makes a plan from what was found on the cluster and what was asked for. Pure.
 *
 * @throws {CoppiceError} `UNSUPPORTED` when the clone would need clone format 2 and format 1 is to be used;
 * `INVALID_ARGUMENT` for features, an object size or a striping that Ceph cannot give to a clone, a size below the
 * source's, or a depth that is not a whole number.
 */
export function decideClone(decision: CloneDecision): ClonePlan {
  const { source, target, existing, format, choices } = decision;
  if (format.format === 1 && source.spec.namespace !== target.namespace) {
    throw new CoppiceError({
      code: "UNSUPPORTED",
      call: "cloneImage",
      object: showImageSpec(target),
      message: `a clone in another namespace needs clone format 2, but ${format.reason}`,
      hint: "Ask for clone format 2, or run `ceph osd set-require-min-compat-client mimic` when no older client is left.",
    });
  }
  const layout = cloneLayout(source, target, choices);
  const { features, omitted } = cloneFeatures(source.features, layout, choices.features);
  const { spec } = source;
  const sourceSize = existing?.snapshot.size ?? source.size;
  checkNotEmpty(source, sourceSize);
  const shape = decideShape(
    target,
    {
      spec: existing === null ? spec : { ...spec, snapshot: existing.snapshot.name },
      size: sourceSize,
      depth: decision.sourceDepth,
    },
    choices,
  );
  const snapshot: PlannedSnapshot = existing
    ? { name: existing.snapshot.name, id: existing.snapshot.id, action: "reuse", reason: existing.reason }
    : { ...decision.create, id: null, action: "create" };
  return {
    source: spec,
    target,
    snapshot,
    protect: format.format === 1 && !existing?.snapshot.protected,
    cloneFormat: format.format,
    cloneFormatReason: format.reason,
    sourceSize,
    ...shape,
    features,
    ...layout,
    order: Math.log2(layout.objectSize),
    warnings: warnings(shape.depth, omitted),
  };
}

/** krbd refuses to map an image with more than 16 images above it. */
const deepestForKernel = 16;

function warnings(depth: number, omitted: bigint): string[] {
  const texts: string[] = [];
  if (depth > deepestForKernel) {
    texts.push(
      `The clone will have ${depth} images above it; the kernel client maps at most ${deepestForKernel}. Flatten one of them.`,
    );
  }
  if (omitted !== 0n) {
    texts.push(`The clone will not have these features of its parent: ${featureNames(omitted).join(", ")}.`);
  }
  return texts;
}

/** What is cloned, as far as that matters for the clone's shape. */
interface ShapeSource {
  /** With the snapshot, if it is known. */
  spec: ImageSpec;
  /** Bytes, of the snapshot or of the current state. */
  size: number;
  /** How many images are above it. */
  depth: number;
}

export interface CloneShape {
  /** Bytes, in the end. */
  size: number;
  flatten: boolean;
  /** Why it is flattened or why not; one sentence without a full stop. */
  flattenReason: string;
  /** How many images the clone has above it in the end. */
  depth: number;
}

/**
 * Decides how large a clone becomes, and whether it is flattened. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a size below the source's, or a depth that is not a whole number
 */
export function decideShape(
  target: ImageSpec,
  source: ShapeSource,
  { size, flatten = false, maxDepth }: CloneShapeOptions,
): CloneShape {
  const object = showImageSpec(target);
  if (size !== undefined) checkSize("cloneImage", object, size);
  checkMaxDepth(object, maxDepth);
  if (size !== undefined && size < source.size) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "cloneImage",
      object,
      message: `${size} bytes cannot hold ${showImageSpec(source.spec)}, which has ${source.size} bytes`,
      hint: "Leave the size out, or give at least the source's.",
    });
  }
  const depth = source.depth + 1;
  const flattened = flatten || (maxDepth !== undefined && depth > maxDepth);
  return {
    size: size ?? source.size,
    flatten: flattened,
    flattenReason: flattenReason(flatten, depth, maxDepth),
    depth: flattened ? 0 : depth,
  };
}

function checkMaxDepth(object: string, maxDepth: number | undefined): void {
  if (maxDepth === undefined || (Number.isSafeInteger(maxDepth) && maxDepth >= 0)) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "cloneImage",
    object,
    message: `${maxDepth} is not a depth`,
    hint: "Give a whole number; 0 makes full copies.",
  });
}

function flattenReason(flatten: boolean, depth: number, maxDepth: number | undefined): string {
  if (flatten) return "it was asked for";
  if (maxDepth === 0) return "a depth of 0 asks for a full copy";
  const images = `${depth} image${depth === 1 ? "" : "s"} above it`;
  if (maxDepth === undefined) return `it has ${images}, and no limit was given`;
  return depth > maxDepth
    ? `it would have ${images}, and at most ${maxDepth} are allowed`
    : `it has ${images}, and ${maxDepth} are allowed`;
}
