import { afterAll, beforeAll, inject } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { freshName, RbdCli } from "./rbd-cli.ts";

export interface CliPool {
  readonly cli: RbdCli;
  /** Used by this test file only. */
  readonly pool: string;
  /** Open while tests run. */
  readonly cluster: Cluster;
}

/** Gives a test file its own pool and connection: created before its tests, and removed after them. */
export function useCliPool(name: string): CliPool {
  const cli = new RbdCli(inject("cephConf"));
  const pool = freshName(name);
  let cluster: Cluster | undefined;
  beforeAll(async () => {
    cluster = await connect({ conf: cli.conf });
    await cluster.createPool(pool);
  });
  afterAll(async () => {
    await cluster?.deletePool(pool);
    await cluster?.close();
  });
  return {
    cli,
    pool,
    get cluster() {
      if (cluster === undefined) throw new Error("the connection is opened before the first test");
      return cluster;
    },
  };
}
