import { afterAll, inject } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { connect } from "../../../src/cluster/connect.ts";
import { PlainRbd } from "./plain-rbd.ts";

export interface PlainRbdPool {
  readonly plain: PlainRbd;
  readonly cluster: Cluster;
}

/** A pool, a folder and a connection of a test file's own, gone after its tests. */
export async function usePlainRbd(name: string): Promise<PlainRbdPool> {
  const conf = inject("cephConf");
  const plain = await PlainRbd.make(conf, name);
  const cluster = await connect({ conf });
  afterAll(async () => {
    await cluster.close();
    await plain.dispose();
  });
  return { plain, cluster };
}
