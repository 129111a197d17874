export type { DependantFacts, FindDependants, ImageRef } from "./deletion-facts.ts";
export {
  type Blocker,
  type BlockerKind,
  blockerKinds,
  type DeletionPlan,
  type DeletionPlanOptions,
  type DeletionStep,
  type DeletionWay,
  deletionPlan,
  showStep,
  type WayPlan,
} from "./deletion-plan.ts";
export { type DeletionOutcome, type ExecuteDeletionOptions, executeDeletion } from "./execute-deletion.ts";
export {
  type CloneOfImage,
  type DoomedSnapshots,
  evaluateRemoval,
  type RemovalBlocker,
  type RemovalBlockerKind,
  type RemovalFacts,
  readHolders,
  readRemovalFacts,
  removalRefusal,
  showHolders,
} from "./removal-plan.ts";
export {
  previewRemoveByPrefix,
  type RemovalPhase,
  type RemovalPreview,
  type RemoveByPrefixOptions,
  type RemoveByPrefixWishes,
  removalPhases,
  removeByPrefix,
  removeImages,
} from "./remove-by-prefix.ts";
export { DoomedImage } from "./remove-images.ts";
export {
  type ListTrashOptions,
  listTrash,
  moveToTrash,
  type PurgedImage,
  type PurgeTrashOptions,
  purgeTrash,
  restoreFromTrash,
  type TrashListing,
  type TrashRow,
} from "./trash.ts";
