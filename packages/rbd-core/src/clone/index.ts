export { type CloneFormat, readCloneFormat } from "./clone-format.ts";
export { cloneImage, planClone } from "./clone-image.ts";
export { type CloneChoices, type CloneShape, type CloneWishes, defaultNames } from "./decide.ts";
export { createImageStep, type DerivePhase, deriveImage, derivePhases, flattenStep } from "./derive.ts";
export { checkSnapshotNameFree, checkTarget, type PreparedClone, prepareCurrent } from "./prepare.ts";
export { type NameSource, newSnapshotName } from "./snapshot-name.ts";
export { createSnapshotStep, type HeldSnapshot, protectStep, releaseSnapshotStep } from "./snapshot-steps.ts";
export { namedSnapshot, openSource, readSourceFacts, type SourceFacts, sourceDepth } from "./source.ts";
export type {
  CloneOptions,
  ClonePhase,
  ClonePlan,
  CloneProgress,
  CloneResult,
  PlannedSnapshot,
} from "./types.ts";
