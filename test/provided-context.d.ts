import "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of the ceph.conf of the cluster that the run's integration tests share. */
    cephConf: string;
  }
}
