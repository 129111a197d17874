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
  findImageId,
  hasHeader,
  isPartlyCreated,
  type OpenImageOptions,
  openImage,
  partlyCreated,
  prepareRemoval,
  removeImage,
  type WorkOptions,
} from "./image.ts";
export { type Begin, isRecorded, makeImage } from "./make-image.ts";
export {
  findImage,
  imageIsUsed,
  removeOwnImage,
  removeOwnTrash,
  waitForDeadClients,
} from "./own-image.ts";
export {
  createSnapshot,
  protectSnapshot,
  type RemoveSnapshotOptions,
  removeSnapshot,
  renameSnapshot,
  repairMapAfterRollback,
  unprotectSnapshot,
} from "./snapshots.ts";
