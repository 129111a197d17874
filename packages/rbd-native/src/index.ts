export {
  type BlocklistOptions,
  Cluster,
  type ClusterStat,
  type Command,
  type CommandReply,
  type CompatibleClient,
  type ConnectOptions,
  type OpenPoolOptions,
  type PoolEntry,
} from "./cluster.ts";
export {
  type CopiedBlocks,
  type CopyCounters,
  type CopyExtentsOptions,
  CopyJob,
  type CopyJobOptions,
  type CopyLimits,
  type CopySource,
} from "./copy.ts";
export {
  type CreateGroupSnapshotOptions,
  Group,
  type GroupMember,
  type GroupMemberOptions,
  type GroupSnapshot,
} from "./group.ts";
export type { ReadBlock, WriteBlock } from "./image/block.ts";
export type { CopyImageOptions } from "./image/copy-image.ts";
export { type IoOptions, ioHints, type WriteZeroesOptions } from "./image/data.ts";
export type { DiffExtents, DiffOptions } from "./image/diff.ts";
export type { EncryptionOptions } from "./image/encryption.ts";
export type { ImageStat, ImageTimestamps, LinkedImage, ParentImage, Stripe, Watcher } from "./image/facts.ts";
export type { DigestOptions, GrainOptions, RangeOptions, SparseRead } from "./image/ranges.ts";
export type {
  CreateSnapshotOptions,
  RemoveSnapshotOptions,
  SnapshotEntry,
  SnapshotKind,
} from "./image/snapshots.ts";
export type { QuiesceListener, Watch } from "./image/watch.ts";
export { Image, type ResizeOptions } from "./image.ts";
export {
  type CloneOptions,
  type ConfigurationEntry,
  type CopyOptions,
  featureNames,
  type ImageFeature,
  imageFeatures,
  imageFlags,
  type NewImageOptions,
} from "./image-options.ts";
export type { CallOptions, Progress, ProgressOptions } from "./internal/call.ts";
export {
  type CloneParent,
  type CreateImageOptions,
  type ImageEntry,
  type ImageReference,
  IoCtx,
  type OpenImageOptions,
  type PoolStats,
  type TrashedImage,
  type TrashMoveOptions,
  type TrashPurgeOptions,
  type TrashRemoveOptions,
  type TrashSource,
} from "./ioctx.ts";
export type { MigrationEnd, MigrationState, MigrationStatus, Migrations } from "./migrations.ts";
export type {
  ForceOptions,
  ImageMirror,
  MirrorDirection,
  MirrorImageMode,
  MirrorImageState,
  MirrorInfo,
  MirrorMode,
  MirrorPeer,
  MirrorSiteStatus,
  MirrorSnapshot,
  MirrorStatus,
  MirrorStatusState,
  PoolMirror,
} from "./mirror.ts";
export type { Locker, LockInfo, LockOptions, ObjectLock } from "./objects/object-lock.ts";
export { ObjectStore, type SparseData } from "./objects/object-store.ts";
export {
  type ObjectStat,
  type OmapPage,
  type OmapRange,
  type PackedOmapPage,
  type ReadStep,
  readSteps,
  type WriteStep,
  writeSteps,
} from "./objects/steps.ts";
export type {
  Notification,
  NotifyOptions,
  NotifyReply,
  NotifyResult,
  ObjectListener,
  WatchOptions,
} from "./objects/watch.ts";
export { codeOf, RbdError, type RbdErrorCode, type RbdErrorFacts, rbdErrorCodes } from "./rbd-error.ts";
export { features, type LibraryFeature, radosVersion, type Version, version } from "./version.ts";
