import { randomBytes } from "node:crypto";
import { CoppiceError } from "../errors/index.ts";
import { checkSize, featureNames, type ImageFeature, imageFeatures } from "../image/index.ts";
import type { SnapshotRow } from "../inventory/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { CloneFormatChoice } from "./clone-format.ts";
import type { NameSource } from "./snapshot-name.ts";
import type { SourceFacts } from "./source.ts";
import type { ClonePlan, PlannedSnapshot } from "./types.ts";

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

/** How large a clone is to be in the end, and how independent of its source. */
export interface CloneWishes {
  /** Bytes; at least the source's size. Default: the source's size. */
  size?: number | undefined;
  /** Makes the clone independent of its source. Default false. */
  flatten?: boolean | undefined;
  /**
   * How many images the clone may have above it in the end; one that would have more is flattened. 0: it is a full
   * copy. Default: as many as there are.
   */
  maxDepth?: number | undefined;
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
  /** How many images the clone has above it when all is done. */
  depth: number;
}

/**
 * Decides how large a clone becomes, and whether it stays one. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a size below the source's, or a depth that is no whole number
 */
export function decideShape(target: ImageSpec, source: ShapeSource, wishes: CloneWishes): CloneShape {
  const { size, flatten = false, maxDepth } = wishes;
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
    flattenReason: reasonOf(flatten, depth, maxDepth),
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

function reasonOf(flatten: boolean, depth: number, maxDepth: number | undefined): string {
  if (flatten) return "it was asked for";
  if (maxDepth === 0) return "a depth of 0 asks for a full copy";
  const images = `${depth} image${depth === 1 ? "" : "s"} above it`;
  if (maxDepth === undefined) return `it has ${images}, and no limit was given`;
  return depth > maxDepth
    ? `it would have ${images}, and at most ${maxDepth} may be`
    : `it has ${images}, and ${maxDepth} may be`;
}

/** What librbd can give to a new clone. The rest says something about the parent's own state. */
const grantable =
  imageFeatures.layering |
  imageFeatures["exclusive-lock"] |
  imageFeatures["object-map"] |
  imageFeatures["fast-diff"] |
  imageFeatures["deep-flatten"] |
  imageFeatures.journaling;

/** Bits that Ceph sets by itself, from the stripe, the data pool and what was done to the image. */
const implied = imageFeatures.striping | imageFeatures["data-pool"] | imageFeatures.operations;

interface CloneLayout {
  objectSize: number;
  stripeUnit: number;
  stripeCount: number;
  dataPool: string | null;
}

interface CloneFeatures {
  features: bigint;
  /** Features of the parent that the clone does not get and that a user would miss. */
  omitted: bigint;
}

/** What librbd refuses one feature without. */
const needs: readonly (readonly [ImageFeature, ImageFeature])[] = [
  ["object-map", "exclusive-lock"],
  ["fast-diff", "object-map"],
  ["journaling", "exclusive-lock"],
];

/**
 * The features a clone gets: its parent's, less what cannot be given, or those that were asked for; plus what its own
 * layout implies.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for features that a clone cannot have, or not without others
 */
function cloneFeatures(parent: bigint, layout: CloneLayout, wanted?: bigint): CloneFeatures {
  if (wanted !== undefined) checkFeatures(wanted);
  let features = (wanted ?? parent) & grantable;
  if (layout.stripeUnit !== layout.objectSize || layout.stripeCount !== 1) features |= imageFeatures.striping;
  if (layout.dataPool !== null) features |= imageFeatures["data-pool"];
  return { features, omitted: wanted === undefined ? parent & ~grantable & ~implied : 0n };
}

function checkFeatures(wanted: bigint): void {
  const has = (feature: ImageFeature) => (wanted & imageFeatures[feature]) !== 0n;
  const impossible = wanted & ~grantable & ~implied;
  const missing = needs.find(([feature, other]) => has(feature) && !has(other));
  const problem =
    impossible !== 0n
      ? `a clone cannot be given ${featureNames(impossible).join(", ")}`
      : !has("layering")
        ? "a clone cannot be without layering"
        : missing && `a clone cannot have ${missing[0]} without ${missing[1]}`;
  if (problem === undefined) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "cloneImage",
    message: problem,
    hint: "Leave the features out, and the clone has its parent's.",
  });
}

/** The clock, and 32 random bits. */
export const defaultNames: NameSource = {
  now: () => new Date(),
  randomHex: () => randomBytes(4).toString("hex"),
};
