import type { ClusterRef, IoCtxRef, Operation } from "./refs.ts";

export interface NativeConnectOptions {
  readonly cluster: string;
  readonly user: string;
  readonly conf: string | undefined;
  readonly settings: readonly string[];
  readonly defaults: readonly string[];
}

export interface NativeReply {
  readonly output: Buffer;
  readonly status: string;
}

export interface ClusterBinding {
  connect(o: NativeConnectOptions, operation: Operation): Promise<{ handle: ClusterRef; fsid: string }>;
  getSetting(cluster: ClusterRef, name: string, operation: Operation): Promise<string>;
  setSetting(cluster: ClusterRef, name: string, value: string, operation: Operation): Promise<void>;
  clusterStat(
    cluster: ClusterRef,
    operation: Operation,
  ): Promise<{ totalBytes: number; usedBytes: number; availableBytes: number; objects: number }>;
  instanceId(cluster: ClusterRef, operation: Operation): Promise<bigint>;
  waitForLatestOsdMap(cluster: ClusterRef, operation: Operation): Promise<void>;
  minCompatibleClient(
    cluster: ClusterRef,
    operation: Operation,
  ): Promise<{ present: number; required: number }>;
  listPools(cluster: ClusterRef, operation: Operation): Promise<{ id: number; name: string }[]>;
  createPool(cluster: ClusterRef, name: string, operation: Operation): Promise<void>;
  deletePool(cluster: ClusterRef, name: string, operation: Operation): Promise<void>;
  openPool(
    cluster: ClusterRef,
    name: string,
    namespace: string,
    failWhenFull: boolean,
    operation: Operation,
  ): Promise<{ handle: IoCtxRef; id: number }>;
  monCommand: SendCommand;
  mgrCommand: SendCommand;
  osdCommand: SendCommand;
}

export type SendCommand = (
  cluster: ClusterRef,
  json: string,
  input: Uint8Array | undefined,
  target: number | undefined,
  operation: Operation,
) => Promise<NativeReply>;
