/**
 * Backups: restore points of images, in chains, in a target. `backup-target` is the contract of a target and `backup-record` what
 * is kept about each point; docs/backup-format.md describes what lies in a pool.
 */
export { type BackupImageOptions, type BackupImageResult, backupImage } from "./backup-image.ts";
export { type BackupReason, type BackupRecord, type BackupSource, backupReasons, type CheckDepth, decodeBackupRecord, encodeBackupRecord, type PointCheck, type StoredPoint } from "./backup-record.ts";
export { type KeptSnapshot, type RetiredSnapshots, recoverBackup } from "./backup-source.ts";
export { type AppendedPoint, type AppendOptions, type BackupChain, type BackupLocation, type BackupTarget, type ByteRange, type ChainProblem, type CheckFindings, type CheckOptions, type CopiedOut, type CopyOutOptions, type CopyToFileOptions, type ListPointsOptions, type NewPoint, type NewRecord, type PointData, type PointListing, type PointProblem, type RestoreImage, type SourceImage } from "./backup-target.ts";
export { type ForeignChain, type ForeignPoint } from "./cinder-chains.ts";
export { type CinderChainProblem } from "./cinder-format.ts";
export { backupDependants, type DeleteBackupOptions, type DeleteBackupResult, deleteBackup } from "./delete-backup.ts";
export { type BackupChainRow, type BackupListing, listBackups } from "./list-backups.ts";
export { type ImportChainOptions, type ImportChainResult, importCinderChain, recoverChainImport } from "./pool/import-chain.ts";
export { recoverChain } from "./pool/pool-chain.ts";
export { openPoolTarget, type PoolTargetOptions } from "./pool/pool-target.ts";
export { type RestoreBackupOptions, type RestoreBackupResult, type RestoreTo, recoverRestore, restoreBackup } from "./restore-backup.ts";
export { recoverInPlace } from "./restore-in-place.ts";
export { type VerifyBackupOptions, verifyBackup } from "./verify-backup.ts";
