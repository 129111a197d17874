import { afterAll, beforeAll, inject } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { deletePools, freshName, RbdCli } from "./rbd-cli.ts";

export interface CliPool {
  readonly cli: RbdCli;
  /** Of this test file alone. */
  readonly pool: string;
  /** Open while tests run. */
  readonly cluster: Cluster;
}

/** A pool and a connection of a test file's own, made before its tests and gone after them. */
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
      if (cluster === undefined) throw new Error("there is no connection before the tests begin");
      return cluster;
    },
  };
}
