import { imageFeatures } from "../image/features.ts";

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

/** The features a clone gets: its parent's, less what cannot be given, plus what its own layout implies. */
export function cloneFeatures(parent: bigint, layout: CloneLayout): CloneFeatures {
  let features = parent & grantable;
  if (layout.stripeUnit !== layout.objectSize || layout.stripeCount !== 1) features |= imageFeatures.striping;
  if (layout.dataPool !== null) features |= imageFeatures["data-pool"];
  return { features, omitted: parent & ~grantable & ~implied };
}
