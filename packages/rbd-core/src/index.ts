export { type CapturePlan, captureImage, planCapture } from "./capture/capture-image.ts";
export type { CaptureOptions, CapturePhase, CaptureResult, CaptureWishes } from "./capture/capture-types.ts";
export type { Measure } from "./chain/measure.ts";
export { type SnapshotChainOptions, snapshotChain } from "./chain/snapshot-chain.ts";
export type { ChainPoint, ObjectMapsState, SnapshotChain } from "./chain/snapshot-chain-types.ts";
export { type WhatChanged, type WhatChangedOptions, whatChanged } from "./chain/what-changed.ts";
export type { CloneFormat } from "./clone/clone-format.ts";
export { cloneImage } from "./clone/clone-image.ts";
export type { CloneOptions, ClonePhase, CloneProgress } from "./clone/clone-options.ts";
export type { ClonePlan, PlannedSnapshot } from "./clone/clone-plan.ts";
export type { CloneResult } from "./clone/clone-result.ts";
export type { CloneChoices } from "./clone/decide-clone.ts";
export type { CloneWishes } from "./clone/decide-shape.ts";
export { planClone } from "./clone/plan-clone.ts";
export type { NameSource } from "./clone/snapshot-name.ts";
export type { Cluster, ClusterUsage, PoolName } from "./cluster/cluster.ts";
export { type ConnectOptions, connect } from "./cluster/connect.ts";
export { librbdVersion } from "./cluster/librbd-version.ts";
export { type DeletionOutcome, type ExecuteDeletionOptions, executeDeletion } from "./deletion/carry-out.ts";
export type { DependantFacts, ImageRef } from "./deletion/deletion-facts.ts";
export { type DeletionPlanOptions, deletionPlan } from "./deletion/deletion-plan.ts";
export {
  type Blocker,
  type BlockerKind,
  blockerKinds,
  type DeletionPlan,
  type DeletionStep,
  type DeletionWay,
  type WayPlan,
} from "./deletion/deletion-plan-types.ts";
export type { FindDependants } from "./deletion/gather-facts.ts";
export { showStep } from "./deletion/show-step.ts";
export { canUseFastDiff } from "./diff/can-use-fast-diff.ts";
export type { Extent } from "./diff/extent.ts";
export { type DiffReader, type PlanDiffOptions, planDiff } from "./diff/plan-diff.ts";
export { CoppiceError, type CoppiceErrorOptions } from "./errors/coppice-error.ts";
export { type CoppiceErrorCode, errorCodes } from "./errors/error-code.ts";
export {
  cloneWithinLimits,
  type LimitedCloneOptions,
  type LimitedClonePhase,
  type LimitedCloneResult,
  planCloneWithinLimits,
} from "./flatten/clone-within-limits.ts";
export {
  type DepthLimits,
  type DepthVerdict,
  defaultDepthLimits,
  evaluateDepth,
} from "./flatten/depth-limits.ts";
export { type FlattenImageOptions, type FlattenImageResult, flattenImage } from "./flatten/flatten-image.ts";
export {
  defaultFlattenConcurrency,
  type FlattenConcurrency,
  type FlattenJob,
  type FlattenUrgency,
} from "./flatten/flatten-job.ts";
export type { FlattenProgress, FlattenRequest } from "./flatten/flatten-queue.ts";
export { requestFlatten, withdrawFlatten } from "./flatten/flatten-request.ts";
export { Flattener, type FlattenerOptions } from "./flatten/flattener.ts";
export { type PendingFlatten, type PendingFlattens, pendingFlattens } from "./flatten/pending-flattens.ts";
export {
  defaultSnapshotLimits,
  evaluateSnapshots,
  type SnapshotLimits,
  type SnapshotVerdict,
} from "./flatten/snapshot-limits.ts";
export type { ByteSource } from "./formats/byte-source.ts";
export { FormatError, type FormatErrorCode, formatErrorCodes } from "./formats/format-error.ts";
export { type DiffSummary, inspectDiff, type StreamSummary } from "./formats/inspect-diff.ts";
export { type MergeDiffsOptions, mergeDiffs } from "./formats/merge-diffs.ts";
export { formatSidecar, parseSidecar, type Sidecar } from "./formats/sidecar.ts";
export { type CompressOptions, compressZstd, decompressZstd } from "./formats/zstd.ts";
export type { RowDetail } from "./headers/details/add-details.ts";
export type { ImageById } from "./headers/find-image.ts";
export { InventoryMemory } from "./headers/inventory-memory.ts";
export { type CreateImageOptions, createImage } from "./image/create-image.ts";
export {
  featureBits,
  featureNames,
  flagNames,
  type ImageFeature,
  imageFeatures,
  imageFlags,
} from "./image/features.ts";
export { moveToTrash } from "./image/move-to-trash.ts";
export { createNamespace, removeNamespace } from "./image/namespaces.ts";
export { openImage } from "./image/open-image.ts";
export { removeImage, type WorkOptions } from "./image/remove-image.ts";
export { createSnapshot, protectSnapshot, removeSnapshot, unprotectSnapshot } from "./image/snapshots.ts";
export { forest } from "./inventory/forest.ts";
export type { Forest, ForestMark, ForestNode, ForestOptions, ParentState } from "./inventory/forest-types.ts";
export { imageKey } from "./inventory/image-key.ts";
export { type InventoryOptions, inventory } from "./inventory/inventory.ts";
export type {
  ChildLink,
  ImageRow,
  InventoryRow,
  ParentLink,
  SnapshotKind,
  SnapshotRow,
  TrashEntry,
  TrashSource,
  UnreadableImageRow,
  WatcherLink,
} from "./inventory/inventory-row.ts";
export type { Inventory, InventoryProgress, NamespaceScan, PoolScan } from "./inventory/inventory-types.ts";
export { formatImageSpec, showImageSpec } from "./names/format-image-spec.ts";
export type { ImageSpec } from "./names/image-spec.ts";
export { checkName, longestName, type NamePart, nameProblem } from "./names/name-part.ts";
export { parseImageSpec } from "./names/parse-image-spec.ts";
export { type ImageSpecLike, toImageSpec } from "./names/to-image-spec.ts";
export {
  type RebuildObjectMapOptions,
  type RebuildObjectMapResult,
  type RebuildProgress,
  rebuildObjectMap,
} from "./object-map/rebuild-object-map.ts";
export { formatRbdUrl } from "./rbd-url/format-rbd-url.ts";
export { parseRbdUrl } from "./rbd-url/parse-rbd-url.ts";
export type { RbdUrl } from "./rbd-url/rbd-url.ts";
export type { DoomedSnapshots, RemovalBlocker, RemovalBlockerKind } from "./removal/judge-removal.ts";
export type { CloneOfImage, RemovalFacts } from "./removal/removal-facts.ts";
export {
  previewRemoveByPrefix,
  type RemovalPreview,
  type RemoveByPrefixOptions,
  type RemoveByPrefixWishes,
  removeByPrefix,
} from "./removal/remove-by-prefix.ts";
export type { RemovalPhase } from "./removal/remove-images.ts";
export { searchImages } from "./search/search-images.ts";
export { prepareSearch, type SearchIndex } from "./search/search-index.ts";
export {
  type ImageSearch,
  type ImageSearchPage,
  type SearchKind,
  type SearchProblem,
  type SearchSort,
  searchKinds,
  searchProblems,
  searchSorts,
} from "./search/search-types.ts";
export type { DerivePhase } from "./steps/derive-phases.ts";
export type { FlowOptions, ProgressUnit, StepProgress } from "./steps/step-progress.ts";
export type { Digests } from "./template/bytes/digests.ts";
export { type CloneTemplateOptions, cloneTemplate } from "./template/clone-template.ts";
export {
  type ExportTemplateFileOptions,
  type ExportTemplateOptions,
  exportTemplate,
  exportTemplateFile,
  type TemplateExport,
} from "./template/export-template.ts";
export type {
  ImportPhase,
  ImportTemplateOptions,
  ImportTemplateResult,
} from "./template/import/import-types.ts";
export { importTemplate } from "./template/import-template.ts";
export { type Cloneability, isCloneable, type NotCloneableReason } from "./template/is-cloneable.ts";
export {
  previewRemoveTemplate,
  type RemoveTemplateOptions,
  removeTemplate,
  type TemplateRemovalPreview,
} from "./template/remove-template.ts";
export type { TemplateLike } from "./template/resolve-template.ts";
export type { TemplateSource } from "./template/source/template-source.ts";
export { type CopyDiffOptions, type CopyDiffResult, copyDiff } from "./transfer/copy/copy-diff.ts";
export { type CopyImageOptions, type CopyImageResult, copyImage } from "./transfer/copy/copy-image.ts";
export {
  type BlockDigest,
  type DigestManifest,
  type MergedManifest,
  mergeManifests,
} from "./transfer/digests/digest-manifest.ts";
export { decodeManifest, encodeManifest } from "./transfer/digests/manifest-bytes.ts";
export {
  type VerifyDigestsOptions,
  type VerifyDigestsResult,
  verifyDigests,
} from "./transfer/digests/verify-digests.ts";
export { type ExportDiffOptions, exportDiff } from "./transfer/export/export-diff.ts";
export { type ExportImageOptions, exportImage } from "./transfer/export/export-image.ts";
export { type ExportRawOptions, exportRaw, exportRawFile } from "./transfer/export/export-raw.ts";
export { type ImportDiffOptions, type ImportDiffResult, importDiff } from "./transfer/import/import-diff.ts";
export {
  type ImportImageOptions,
  type ImportImageResult,
  importImage,
} from "./transfer/import/import-image.ts";
export { type ImportRawOptions, importRaw } from "./transfer/import/import-raw.ts";
export type { SourceRange } from "./transfer/source-image/open-source.ts";
export { TransferLimits } from "./transfer/transfer-limits.ts";
export type { TransferOptions, TransferProgress } from "./transfer/transfer-progress.ts";
export { type ListTrashOptions, listTrash, type TrashListing } from "./trash/list-trash.ts";
export { type PurgedImage, type PurgeTrashOptions, purgeTrash } from "./trash/purge-trash.ts";
export { restoreFromTrash } from "./trash/restore-from-trash.ts";
export type { TrashRow } from "./trash/trash-row.ts";
export { createVolume, planVolume, type VolumePlan, type VolumeResult } from "./volume/create-volume.ts";
export {
  createVolumeSnapshot,
  type VolumeSnapshotOptions,
  type VolumeSnapshotPhase,
  type VolumeSnapshotResult,
} from "./volume/create-volume-snapshot.ts";
export { type DeleteVolumePlan, deleteVolume, planDeleteVolume } from "./volume/delete-volume.ts";
export type {
  DeleteVolumeOptions,
  DeleteVolumePhase,
  DeleteVolumeResult,
  DeleteVolumeWishes,
  Dependants,
} from "./volume/delete-volume-types.ts";
export { type ExtendVolumeOptions, type ExtendVolumeResult, extendVolume } from "./volume/extend-volume.ts";
export { type RenameVolumeOptions, renameVolume } from "./volume/rename-volume.ts";
export {
  type RollbackPhase,
  type RollbackVolumeOptions,
  type RollbackVolumeResult,
  rollbackVolume,
} from "./volume/rollback-volume.ts";
export type {
  CreateVolumeOptions,
  VolumeOptions,
  VolumeOrigin,
  VolumePhase,
} from "./volume/volume-options.ts";
