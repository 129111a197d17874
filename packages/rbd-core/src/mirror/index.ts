/**
 * Mirrors: copies of a machine's disks in another pool or cluster, kept in step while the machine runs, until it is moved to
 * them. From the bottom up: `mirror-record` (what stands in the cluster, and what is shown of it), `mirror-state` (its state
 * machine, pure), `mirror-run` (one driver with its lease), `sync-mirror` (one set after the other), `abort-mirror`,
 * `start-mirror`, `pivot-mirror`, and `recover-mirror` for `reconcile`.
 */
export { type AbortMirrorOptions, abortMirror, type MirrorRemoval } from "./abort-mirror.ts";
export {
  type ListMirrorsOptions,
  listMirrors,
  type Mirror,
  type MirroredDisk,
  type MirrorListing,
  type MirrorSet,
  type MirrorState,
  mirrorStatus,
} from "./mirror-record.ts";
export type { MirrorChoice } from "./mirror-run.ts";
export {
  type ConfirmedPivot,
  type ConfirmPivotOptions,
  confirmPivot,
  type MirrorPivot,
  type PivotMirrorOptions,
  pivotMirror,
} from "./pivot-mirror.ts";
export { recoverMirror } from "./recover-mirror.ts";
export {
  type MirrorDisk,
  type MirrorPlan,
  type MirrorPlanOptions,
  type MirrorRequest,
  type MirrorTarget,
  planMirror,
  type StartMirrorOptions,
  startMirror,
} from "./start-mirror.ts";
export {
  type FollowMirrorOptions,
  followMirror,
  type MirrorProgress,
  type MirrorSetOptions,
  type MirrorSync,
  type SyncMirrorOptions,
  syncMirror,
} from "./sync-mirror.ts";
