export { type Cluster, type ClusterUsage, librbdVersion, type PoolName } from "./cluster.ts";
export { type ConnectOptions, connect } from "./connect.ts";
export { createNamespace, removeNamespace } from "./namespaces.ts";
