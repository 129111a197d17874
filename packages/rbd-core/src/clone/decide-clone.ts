import { CoppiceError } from "../errors/coppice-error.ts";
import { featureNames, imageFeatures } from "../image/features.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import type { ImageSpec } from "../names/image-spec.ts";
import { cloneFeatures } from "./clone-features.ts";
import type { CloneFormatChoice } from "./clone-format.ts";
import type { ClonePlan, PlannedSnapshot } from "./clone-plan.ts";
import { type CloneWishes, decideShape } from "./decide-shape.ts";
import type { SourceFacts } from "./source-facts.ts";

/** What a caller may choose about a clone; the rest comes from its parent. */
export interface CloneChoices {
  /** `RBD_FEATURE_*` bits. Default: the parent's. */
  features?: bigint | undefined;
  /** Bytes, a power of two. Default: the parent's. */
  objectSize?: number | undefined;
  /** Bytes. Default: the parent's. */
  stripeUnit?: number | undefined;
  stripeCount?: number | undefined;
  /** Default: the parent's when the clone is in the parent's pool; otherwise what the cluster configures. */
  dataPool?: string | null | undefined;
}

export interface CloneDecision {
  source: SourceFacts;
  target: ImageSpec;
  /** What the clone will hang on when it is there already, and why it will. */
  existing: { snapshot: SnapshotRow; reason: string } | null;
  /** Otherwise the name of the one to create, and why there has to be a new one. */
  create: { name: string; reason: string };
  format: CloneFormatChoice;
  /** How many images are above the source. */
  sourceDepth: number;
  choices: CloneChoices & CloneWishes;
}

/** krbd refuses to map an image with more than 16 images above it. */
const deepestForKernel = 16;

/**
 * Refuses what cannot be cloned at all, whatever the snapshot.
 *
 * @throws {CoppiceError} `UNSUPPORTED` for an image of format 1, or without the layering feature.
 */
export function checkCloneable(source: Pick<SourceFacts, "spec" | "oldFormat" | "features">): void {
  const object = showImageSpec(source.spec);
  const refuse = (message: string, hint: string) =>
    new CoppiceError({ code: "UNSUPPORTED", call: "cloneImage", object, message, hint });
  if (source.oldFormat) {
    throw refuse(
      `${object} cannot be cloned: cloning an image of format 1 is unsupported`,
      "Copy it into an image of format 2 first.",
    );
  }
  if ((source.features & imageFeatures.layering) === 0n) {
    throw refuse(
      `${object} cannot be cloned: it lacks the layering feature`,
      "The feature can only be given when an image is made: copy the image into one that has it.",
    );
  }
}

/**
 * Puts what was found and what was asked for into a plan. Pure.
 *
 * @throws {CoppiceError} `UNSUPPORTED` when the clone would need clone format 2 and format 1 is to be used;
 * `INVALID_ARGUMENT` when the features, object size or stripe asked for cannot be, the size is below the source's, or the depth is
 * no whole number.
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
  const { size, flatten, flattenReason, depth } = decideShape(
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
    size,
    flatten,
    flattenReason,
    features,
    ...layout,
    order: Math.log2(layout.objectSize),
    depth,
    warnings: warnings(depth, omitted),
  };
}

function cloneLayout(source: SourceFacts, target: ImageSpec, choices: CloneChoices) {
  const objectSize = choices.objectSize ?? source.objectSize;
  // A stripe unit of a whole object is not a choice of its own: it goes along with the object size.
  const unstriped = source.stripeUnit === source.objectSize && source.stripeCount === 1;
  const stripeUnit = choices.stripeUnit ?? (unstriped ? objectSize : source.stripeUnit);
  const stripeCount = choices.stripeCount ?? source.stripeCount;
  const problem =
    !Number.isInteger(Math.log2(objectSize)) || objectSize < 4096 || objectSize > 32 * 1024 * 1024
      ? `an object size of ${objectSize} bytes is not a power of two from 4 KiB to 32 MiB`
      : !Number.isInteger(objectSize / stripeUnit)
        ? `a stripe unit of ${stripeUnit} bytes does not divide the object size of ${objectSize} bytes`
        : !Number.isSafeInteger(stripeCount) || stripeCount < 1
          ? `a stripe count of ${stripeCount} is not a number of objects`
          : undefined;
  if (problem !== undefined) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "cloneImage",
      object: showImageSpec(target),
      message: problem,
    });
  }
  const inherited = source.spec.pool === target.pool ? source.dataPool : null;
  return {
    objectSize,
    stripeUnit,
    stripeCount,
    dataPool: choices.dataPool === undefined ? inherited : choices.dataPool,
  };
}

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
