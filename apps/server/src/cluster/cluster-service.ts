import type { ClusterInfo } from "../procedures/cluster/info.schema.ts";

/** The connection to the cluster, kept alive in the background. */
export interface ClusterService {
  /** Capacity, version and pools. Throws `CLUSTER_UNREACHABLE` while there is no connection. */
  info(): Promise<ClusterInfo>;
}
