export {
  cloneWithinLimits,
  type LimitedCloneOptions,
  type LimitedClonePhase,
  type LimitedCloneResult,
  planCloneWithinLimits,
} from "./clone-within-limits.ts";
export {
  type FlattenImageOptions,
  type FlattenImageResult,
  flattenImage,
  recoverFlatten,
} from "./flatten-image.ts";
export {
  defaultFlattenConcurrency,
  type FlattenConcurrency,
  type FlattenJob,
  type FlattenProgress,
  type FlattenRequest,
  type FlattenUrgency,
} from "./flatten-queue.ts";
export {
  type PendingFlatten,
  type PendingFlattens,
  pendingFlattens,
  type RequestFlattenOptions,
  requestFlatten,
  withdrawFlatten,
} from "./flatten-request.ts";
export { Flattener, type FlattenerOptions } from "./flattener.ts";
export {
  type DepthLimits,
  type DepthVerdict,
  defaultDepthLimits,
  defaultSnapshotLimits,
  evaluateDepth,
  evaluateSnapshots,
  type SnapshotLimits,
  type SnapshotVerdict,
} from "./limits.ts";
