export { type DeletionOutcome, type ExecuteDeletionOptions, executeDeletion } from "./execute-deletion.ts";
export { type Blocker, type BlockerKind, blockerKinds, type DeletionWay } from "./plan/blockers.ts";
export type { ImageRef } from "./plan/children.ts";
export {
  type DeletionFacts,
  type DependantFacts,
  type FindDependants,
  gatherDeletionFacts,
} from "./plan/deletion-facts.ts";
export {
  type DeletionPlan,
  type DeletionPlanOptions,
  type DeletionStep,
  deletionPlan,
  showStep,
  type WayPlan,
} from "./plan/deletion-plan.ts";
export {
  type BreakLockOptions,
  type BrokenLock,
  breakAbandonedLocks,
  breakLock,
  hintForUsers,
  type ImageUsers,
  readUsers,
  showUsers,
  type WatcherFacts,
} from "./plan/image-users.ts";
export { recoverRemoval, removeUnderRecord } from "./recover-removal.ts";
export {
  type CloneOfImage,
  evaluateRemoval,
  lastingBlockers,
  type RemovalBlocker,
  type RemovalBlockerKind,
  type RemovalTarget,
  type RemovalVerdict,
  readRemovalFacts,
  refuseBlocked,
  removalTarget,
  type SnapshotsToRemove,
} from "./removal-plan.ts";
export { failUnderRecord, removalDetails, removalKinds } from "./removal-record.ts";
export {
  previewRemoveByPrefix,
  type RemovalPreview,
  type RemoveByPrefixOptions,
  type RemoveByPrefixPlanOptions,
  removeByPrefix,
} from "./remove-by-prefix.ts";
export {
  ImageRemoval,
  type RemovalOptions,
  type RemovalPhase,
  removalPhases,
  removeImage,
  removeImages,
} from "./remove-images.ts";
export {
  type ListTrashOptions,
  listTrash,
  type MoveToTrashOptions,
  moveToTrash,
  type PurgedImage,
  type PurgeTrashOptions,
  purgeTrash,
  type RestoreFromTrashOptions,
  restoreFromTrash,
  type TrashListing,
  type TrashRow,
  type TrashState,
} from "./trash.ts";
