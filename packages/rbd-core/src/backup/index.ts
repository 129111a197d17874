/**
 * Backups: restore points of images, in chains, in a target. `backup-target` is the contract of a target and `backup-record` what
 * is kept about each point; docs/backup-format.md describes what lies in a pool.
 */
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
export type {
  AppendedPoint,
  AppendOptions,
  BackupChain,
  BackupLocation,
  BackupTarget,
  ByteRange,
  ChainProblem,
  CheckOptions,
  CopiedOut,
  CopyOutOptions,
  ListPointsOptions,
  NewPoint,
  PointData,
  PointListing,
  PointProblem,
  RestoreImage,
  SourceImage,
} from "./backup-target.ts";
export {
  type DirectoryTarget,
  type DirectoryTargetOptions,
  openDirectoryTarget,
} from "./directory/directory-target.ts";
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
