import type { Clusters, PerCluster } from "../cluster/clusters.ts";
import type { Inventories } from "../inventory/inventories.ts";
import type { BackgroundFlattens } from "./background-flattens.ts";

/** What operations on images work with. */
export interface OperationServices {
  clusters: Clusters;
  inventories: Inventories;
  flattens: PerCluster<BackgroundFlattens>;
  /** How many clones run at the same time. */
  cloneTasks: number;
}
