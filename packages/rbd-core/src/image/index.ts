export {
  featureBits,
  featureNames,
  flagNames,
  type ImageFeature,
  imageFeatures,
  imageFlags,
} from "./features.ts";
export {
  type CreateImageOptions,
  checkSize,
  createImage,
  halfMade,
  hasHeader,
  isHalfMade,
  openImage,
  prepareRemoval,
  removeImage,
  type WorkOptions,
} from "./image.ts";
export { createSnapshot, protectSnapshot, removeSnapshot, unprotectSnapshot } from "./snapshots.ts";
