export type { CallOptions, Progress, ProgressOptions } from "./call-options.ts";
export type { Command, CommandReply } from "./cluster/commands.ts";
export type { ConnectOptions } from "./cluster/connect-options.ts";
export {
  Cluster,
  type ClusterStat,
  type CompatibleClient,
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
  tuneForCopies,
} from "./copy.ts";
export { RbdError, type RbdErrorFacts } from "./errors/rbd-error.ts";
export { codeOf, type RbdErrorCode, rbdErrorCodes } from "./errors/rbd-error-code.ts";
export {
  type CreateGroupSnapshotOptions,
  Group,
  type GroupMember,
  type GroupMemberOptions,
  type GroupSnapshot,
} from "./group.ts";
export { type IoOptions, ioHints, type WriteZeroesOptions } from "./image/data.ts";
export type { DiffExtents, DiffOptions } from "./image/diff.ts";
export type { EncryptionOptions } from "./image/encryption.ts";
export type { ImageStat, ImageTimestamps, Stripe } from "./image/facts.ts";
export type { LinkedImage, ParentImage } from "./image/lineage.ts";
export type { Locker, LockInfo, Watcher } from "./image/locks.ts";
export type { DigestOptions, GrainOptions, RangeOptions, SparseRead } from "./image/ranges.ts";
export type { ReadBlock } from "./image/read-block.ts";
export type {
  CreateSnapshotOptions,
  RemoveSnapshotOptions,
  SnapshotEntry,
  SnapshotKind,
} from "./image/snapshots.ts";
export type { QuiesceListener, Watch } from "./image/watch.ts";
export type { CopyImageOptions, ResizeOptions } from "./image/work.ts";
export type { WriteBlock } from "./image/write-block.ts";
export { Image } from "./image.ts";
export { featureNames, type ImageFeature, imageFeatures, imageFlags } from "./image-features.ts";
export type { ConfigurationEntry, PoolStats } from "./ioctx/configuration.ts";
export type { CreateImageOptions, ImageEntry } from "./ioctx/images.ts";
export type { MigrationEnd, MigrationState, MigrationStatus, Migrations } from "./ioctx/migrations.ts";
export type { ImageReference, OpenImageOptions } from "./ioctx/open-image.ts";
export type {
  TrashedImage,
  TrashMoveOptions,
  TrashPurgeOptions,
  TrashRemoveOptions,
  TrashSource,
} from "./ioctx/trash.ts";
export { type CloneParent, IoCtx } from "./ioctx.ts";
export type { ForceOptions, ImageMirror, MirrorSnapshot } from "./mirror/image-mirror.ts";
export type {
  MirrorDirection,
  MirrorImageMode,
  MirrorImageState,
  MirrorInfo,
  MirrorMode,
  MirrorSiteStatus,
  MirrorStatus,
  MirrorStatusState,
} from "./mirror/kinds.ts";
export type { MirrorPeer, PoolMirror } from "./mirror/pool-mirror.ts";
export type { CloneOptions, CopyOptions, NewImageOptions } from "./new-image-options.ts";
export type { LockOptions, ObjectLock } from "./objects/object-lock.ts";
export {
  type ObjectStat,
  type OmapPage,
  type OmapRange,
  type PackedOmapPage,
  type ReadStep,
  readSteps,
} from "./objects/read-steps.ts";
export type { SparseData } from "./objects/sparse-read.ts";
export type {
  Notification,
  NotifyOptions,
  NotifyReply,
  NotifyResult,
  ObjectListener,
  WatchOptions,
} from "./objects/watch.ts";
export { type WriteStep, writeSteps } from "./objects/write-steps.ts";
export { ObjectStore } from "./objects.ts";
export { features, type LibraryFeature, radosVersion, type Version, version } from "./version.ts";
