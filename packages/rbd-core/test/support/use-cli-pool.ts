import { afterAll, beforeAll, inject } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { deletePools, freshName, RbdCli } from "./rbd-cli.ts";

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
    await cli.ceph("osd", "pool", "create", pool, "8");
    await cli.rbd("pool", "init", pool);
    cluster = await connect({ conf: cli.conf });
  });
  afterAll(async () => {
    await cluster?.close();
    await deletePools(cli, [pool]);
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
