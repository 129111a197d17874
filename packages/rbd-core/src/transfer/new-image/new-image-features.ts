import { featureBits } from "../../image/features.ts";

/**
 * What a new image can be given of the features of the one it is made of, as `RBD_FEATURE_*` bits: the others say where
 * an image's data is, or what is being done to it.
 */
export const newImageFeatures = featureBits([
  "layering",
  "striping",
  "exclusive-lock",
  "object-map",
  "fast-diff",
  "deep-flatten",
]);
