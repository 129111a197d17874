import "vitest";

declare module "vitest" {
  export interface ProvidedContext {
    /** Path of the ceph.conf of the cluster that the run's integration tests share. */
    cephConf: string;
    /** Folder of the programs that tests start in order to kill them: `NAME.js` of each `NAME.ts`. */
    childPrograms: string;
  }
}
