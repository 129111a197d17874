/** Snapshots of several images that show one instant, while the images are in use. */
export {
  type ConsistentSnapshot,
  type ConsistentSnapshotsOptions,
  type ConsistentSnapshotsResult,
  createConsistentSnapshots,
  recoverSet,
} from "./consistent-snapshots.ts";
