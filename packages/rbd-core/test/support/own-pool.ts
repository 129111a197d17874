import { inject } from "vitest";
import type { Cluster } from "../../src/cluster/cluster.ts";
import { connect } from "../../src/cluster/connect.ts";
import { Witness } from "./witness.ts";

export interface OwnPool extends AsyncDisposable {
  cluster: Cluster;
  /** The pool of this test file alone. */
  pool: string;
  witness: Witness;
}

/** Connects to the cluster of this test run and makes a pool for one file. */
export async function ownPool(name: string): Promise<OwnPool> {
  const conf = inject("cephConf");
  const cluster = await connect({ conf });
  const pool = `core-${name}-${process.pid}`;
  await cluster.createPool(pool);
  return {
    cluster,
    pool,
    witness: new Witness(conf),
    [Symbol.asyncDispose]: () => cluster.close(),
  };
}
