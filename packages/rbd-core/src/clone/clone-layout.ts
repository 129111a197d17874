import { CoppiceError } from "../errors/index.ts";
import { featureNames, type ImageFeature, imageFeatures } from "../image/index.ts";
import { type ImageSpec, showImageSpec } from "../names/index.ts";
import type { SourceFacts } from "./search/source.ts";

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

interface CloneLayout {
  /** Bytes. */
  objectSize: number;
  /** Bytes. */
  stripeUnit: number;
  stripeCount: number;
  dataPool: string | null;
}

/**
 * How a clone's data is laid out: as its parent's, except for what was chosen. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for a layout that Ceph does not support
 */
export function cloneLayout(source: SourceFacts, target: ImageSpec, choices: CloneChoices): CloneLayout {
  const objectSize = choices.objectSize ?? source.objectSize;
  // The stripe unit of an unstriped image is its object size, so it follows a new object size.
  const unstriped = source.stripeUnit === source.objectSize && source.stripeCount === 1;
  const stripeUnit = choices.stripeUnit ?? (unstriped ? objectSize : source.stripeUnit);
  const stripeCount = choices.stripeCount ?? source.stripeCount;
  const problem = layoutProblem(objectSize, stripeUnit, stripeCount);
  if (problem !== undefined) {
    throw new CoppiceError({
      code: "INVALID_ARGUMENT",
      call: "cloneImage",
      object: showImageSpec(target),
      message: problem,
      hint: "Leave it out, and the clone is laid out as its parent.",
    });
  }
  const inherited = source.spec.pool === target.pool ? source.dataPool : null;
  const dataPool = choices.dataPool === undefined ? inherited : choices.dataPool;
  return { objectSize, stripeUnit, stripeCount, dataPool };
}

function layoutProblem(objectSize: number, stripeUnit: number, stripeCount: number): string | undefined {
  if (!Number.isInteger(Math.log2(objectSize)) || objectSize < 4096 || objectSize > 32 * 1024 * 1024) {
    return `an object size of ${objectSize} bytes is not a power of two from 4 KiB to 32 MiB`;
  }
  if (!Number.isInteger(objectSize / stripeUnit)) {
    return `a stripe unit of ${stripeUnit} bytes does not divide the object size of ${objectSize} bytes`;
  }
  if (!Number.isSafeInteger(stripeCount) || stripeCount < 1) {
    return `a stripe count of ${stripeCount} is not a number of objects`;
  }
  return undefined;
}

/** The features that librbd can give to a new clone. The others describe the state of the parent itself. */
const grantable =
  imageFeatures.layering |
  imageFeatures["exclusive-lock"] |
  imageFeatures["object-map"] |
  imageFeatures["fast-diff"] |
  imageFeatures["deep-flatten"] |
  imageFeatures.journaling;

/** Features that Ceph sets by itself, from the striping, the data pool and what was done to the image. */
const implied = imageFeatures.striping | imageFeatures["data-pool"] | imageFeatures.operations;

/** Each feature, and the one that librbd refuses it without. */
const requirements: readonly (readonly [ImageFeature, ImageFeature])[] = [
  ["object-map", "exclusive-lock"],
  ["fast-diff", "object-map"],
  ["journaling", "exclusive-lock"],
];

interface CloneFeatures {
  features: bigint;
  /** Features of the parent that the clone does not get and that a user would miss. */
  omitted: bigint;
}

/**
 * The features of a clone: those that were asked for, or the parent's without those that librbd cannot give to a clone;
 * and those that the clone's own layout implies. Pure.
 *
 * @throws {CoppiceError} `INVALID_ARGUMENT` for features that a clone cannot have, or not without others
 */
export function cloneFeatures(parent: bigint, layout: CloneLayout, wanted?: bigint): CloneFeatures {
  if (wanted !== undefined) checkFeatures(wanted);
  let features = (wanted ?? parent) & grantable;
  if (layout.stripeUnit !== layout.objectSize || layout.stripeCount !== 1) features |= imageFeatures.striping;
  if (layout.dataPool !== null) features |= imageFeatures["data-pool"];
  return { features, omitted: wanted === undefined ? parent & ~grantable & ~implied : 0n };
}

function checkFeatures(wanted: bigint): void {
  const problem = featureProblem(wanted);
  if (problem === undefined) return;
  throw new CoppiceError({
    code: "INVALID_ARGUMENT",
    call: "cloneImage",
    message: problem,
    hint: "Leave the features out, and the clone has its parent's.",
  });
}

function featureProblem(wanted: bigint): string | undefined {
  const has = (feature: ImageFeature) => (wanted & imageFeatures[feature]) !== 0n;
  const impossible = wanted & ~grantable & ~implied;
  if (impossible !== 0n) return `a clone cannot be given ${featureNames(impossible).join(", ")}`;
  if (!has("layering")) return "a clone cannot be without layering";
  const missing = requirements.find(([feature, other]) => has(feature) && !has(other));
  return missing && `a clone cannot have ${missing[0]} without ${missing[1]}`;
}
