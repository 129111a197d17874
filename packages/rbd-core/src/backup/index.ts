/**
 * Backups: restore points of images, in chains, in a target. `backup-target` is the contract of a target and `backup-record` what
 * is kept about each point; docs/backup-format.md describes what lies in a pool.
 */
export { type BackupImageOptions, type BackupImageResult, backupImage } from "./backup-image.ts";
export {
  type BackupReason,
  type BackupRecord,
  type BackupSource,
  backupReasons,
  type CheckDepth,
  decodeBackupRecord,
  encodeBackupRecord,
  type PointCheck,
  type StoredPoint,
} from "./backup-record.ts";
export {
  type FindBackupTarget,
  type KeptSnapshot,
  type RetiredSnapshots,
  recoverBackup,
} from "./backup-source.ts";
export type {
  AppendedPoint,
  AppendOptions,
  BackupChain,
  BackupLocation,
  BackupTarget,
  ByteRange,
  ChainProblem,
  CheckFindings,
  CheckOptions,
  CopiedOut,
  CopyOutOptions,
  CopyToFileOptions,
  ListPointsOptions,
  NewPoint,
  NewRecord,
  PointData,
  PointListing,
  PointProblem,
  RestoreImage,
  SourceImage,
} from "./backup-target.ts";
export { type ChangeBackupOptions, changeBackup } from "./change-backup.ts";
export type { ForeignChain, ForeignPoint } from "./cinder/cinder-chains.ts";
export type { CinderChainProblem } from "./cinder/cinder-format.ts";
export {
  backupDependants,
  type DeleteBackupOptions,
  type DeleteBackupResult,
  deleteBackup,
} from "./delete-backup.ts";
export {
  type DirectoryTarget,
  type DirectoryTargetOptions,
  openDirectoryTarget,
} from "./directory/directory-target.ts";
export { type BackupChainRow, type BackupListing, listBackups } from "./list-backups.ts";
export {
  type ImportChainOptions,
  type ImportChainResult,
  importCinderChain,
  recoverChainImport,
} from "./pool/import-chain.ts";
export { recoverChain } from "./pool/pool-chain.ts";
export { openPoolTarget, type PoolTargetOptions } from "./pool/pool-target.ts";
export {
  type PruneBackupsOptions,
  type PruneBackupsResult,
  pruneBackups,
  type RetainedBackup,
} from "./prune-backups.ts";
export { type PlanRestoreOptions, planRestore, type RestorePlan } from "./restore/plan-restore.ts";
export {
  type RestoreBackupOptions,
  type RestoreBackupResult,
  type RestoreTo,
  recoverRestore,
  restoreBackup,
} from "./restore/restore-backup.ts";
export { type CommandPoint, type RestoreRecipe, restoreCommands } from "./restore/restore-commands.ts";
export { recoverInPlace } from "./restore/restore-in-place.ts";
export {
  checkRetention,
  describeKeepReason,
  type KeepReason,
  planRetention,
  type RetentionCount,
  type RetentionDecision,
  type RetentionPeriod,
  type RetentionPoint,
  type RetentionPolicy,
} from "./retention.ts";
export { recoverSync, type SyncImageOptions, type SyncImageResult, syncImage } from "./sync-image.ts";
export { type VerifyBackupOptions, verifyBackup } from "./verify-backup.ts";
