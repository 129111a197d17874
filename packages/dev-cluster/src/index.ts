export { clusterStatus } from "./cluster/cluster-status.ts";
export type { ClusterStatus, DaemonStatus, DevCluster, StartOptions } from "./cluster/options.ts";
export { startCluster } from "./cluster/start-cluster.ts";
export { type StopOptions, stopCluster } from "./cluster/stop-cluster.ts";
export { startTemporaryCluster, type TemporaryOptions } from "./cluster/temporary-cluster.ts";
export type { Daemon } from "./daemons/daemon.ts";
export { DevClusterError, type DevClusterErrorCode, devClusterErrorCodes } from "./errors.ts";
