export {
  type ExtendVolumeOptions,
  type ExtendVolumeResult,
  extendVolume,
  type RenameVolumeOptions,
  renameVolume,
} from "./change-volume.ts";
export {
  type CreateVolumeOptions,
  createVolume,
  planVolume,
  type VolumeOptions,
  type VolumePhase,
  type VolumePlan,
  type VolumeResult,
} from "./create-volume.ts";
export {
  createVolumeSnapshot,
  recoverVolumeSnapshot,
  type VolumeSnapshotOptions,
  type VolumeSnapshotPhase,
  type VolumeSnapshotResult,
} from "./create-volume-snapshot.ts";
export {
  type DeleteVolumeOptions,
  type DeleteVolumePhase,
  type DeleteVolumePlan,
  type DeleteVolumePlanOptions,
  type DeleteVolumeResult,
  type Dependants,
  deleteVolume,
  planDeleteVolume,
} from "./delete-volume.ts";
export {
  type RollbackPhase,
  type RollbackVolumeOptions,
  type RollbackVolumeResult,
  recoverRollback,
  rollbackVolume,
} from "./rollback-volume.ts";
export {
  planShrink,
  type ShrinkPlan,
  type ShrinkPlanOptions,
  type ShrinkVolumeOptions,
  shrinkVolume,
} from "./shrink-volume.ts";
export { resolveTemplate, type TemplateLike, templateSnapshot, type VolumeOrigin } from "./volume-origin.ts";
