/** The cluster the server is connected to. All sizes in bytes. */
export interface ClusterInfo {
  fsid: string;
  name: string;
  librbdVersion: string;
  totalBytes: number;
  usedBytes: number;
  availableBytes: number;
  pools: PoolInfo[];
}

/** One pool: its named namespaces (the default one is always there and not listed) and how many images it
 * holds, those in the trash not counted. */
export interface PoolInfo {
  name: string;
  id: number;
  namespaces: string[];
  images: number;
}
