export { type CloneFormat, readCloneFormat } from "./clone-format.ts";
export { type CloneResult, cloneImage, type PlanCloneOptions, planClone } from "./clone-image.ts";
export type { CloneChoices } from "./clone-layout.ts";
export {
  type CloneOptions,
  type ClonePhase,
  type ClonePlan,
  type CloneProgress,
  type CloneShape,
  type CloneShapeOptions,
  type DerivePhase,
  derivePhases,
  type PlannedSnapshot,
} from "./clone-plan.ts";
export { type CloneRecord, newCloneRecord } from "./clone-record.ts";
export { createImageStep, deriveImage, flattenStep } from "./derive.ts";
export {
  defaultNames,
  type HeldSnapshot,
  type NameSource,
  newSnapshotName,
  readOwnSnapshots,
} from "./own-snapshots.ts";
export { checkSnapshotNameFree, checkTarget, type PreparedClone, prepareCurrent } from "./prepare.ts";
export { recoverClone } from "./recover-clone.ts";
export {
  parentRefSchema,
  readParentRefs,
  recordDeleted,
  releaseParents,
} from "./release-parents.ts";
export { SearchMemory } from "./search/search-memory.ts";
export {
  namedSnapshot,
  openSource,
  readSourceFacts,
  type SourceFacts,
  sourceDepth,
} from "./search/source.ts";
export {
  createSnapshotStep,
  protectStep,
  releaseOwnSnapshots,
  releaseSnapshotStep,
} from "./source-snapshot.ts";
