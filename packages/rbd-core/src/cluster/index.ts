export {
  type CallOptions,
  type Cluster,
  type ClusterUsage,
  createNamespace,
  librbdVersion,
  type PoolName,
  removeNamespace,
} from "./cluster.ts";
export { type ConnectOptions, connect } from "./connect.ts";
