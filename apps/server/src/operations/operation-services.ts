import type { DepthLimits, FindDependants } from "rbd-core";
import type { Backups } from "../backups/services.ts";
import type { Clock } from "../base/clock.ts";
import type { Clusters, PerCluster } from "../cluster/clusters.ts";
import type { Inventories } from "../inventory/inventories.ts";
import type { Uploads } from "../volumes/upload.ts";
import type { BackgroundFlattens } from "./background-flattens.ts";
import type { Reconciler } from "./reconciler.ts";

/** What operations on images work with. */
export interface OperationServices {
  clusters: Clusters;
  inventories: Inventories;
  flattens: PerCluster<BackgroundFlattens>;
  reconcilers: PerCluster<Reconciler>;
  backups: Backups;
  /**
   * What outside of Ceph needs an image or one of its snapshots, such as backups; by the cluster's id. Deletions refuse what
   * it names.
   */
  dependantsOf: (cluster: string) => FindDependants;
  /** How many clones run at the same time. */
  cloneTasks: number;
  depthLimits: DepthLimits;
  clock: Clock;
  imports: {
    uploads: Uploads;
    /** The largest disk that may be imported. */
    maxBytes: number;
    /** Whether disks are downloaded from private networks. */
    allowPrivate: boolean;
  };
}
