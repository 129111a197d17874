import { CoppiceError } from "../errors/coppice-error.ts";
import { featureNames, type ImageFeature, imageFeatures } from "../image/features.ts";

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

export interface CloneLayout {
  objectSize: number;
  stripeUnit: number;
  stripeCount: number;
  dataPool: string | null;
}

export interface CloneFeatures {
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
export function cloneFeatures(parent: bigint, layout: CloneLayout, wanted?: bigint): CloneFeatures {
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
