import { type DevCluster, startTemporaryCluster } from "@coppice/dev-cluster";
import { afterAll, inject } from "vitest";
import type { Cluster } from "../../../src/cluster/cluster.ts";
import { type ConnectOptions, connect } from "../../../src/cluster/connect.ts";
import { PlainRbd } from "./plain-rbd.ts";

export interface PlainRbdPool {
  readonly plain: PlainRbd;
  readonly cluster: Cluster;
}

/** A pool, a folder and a connection of a test file's own on the cluster of the run, removed after its tests. */
export async function usePlainRbd(
  name: string,
  options: Pick<ConnectOptions, "settings"> = {},
): Promise<PlainRbdPool> {
  return await usePoolOf(inject("cephConf"), name, options);
}

/**
 * A cluster of a test file's own, stopped after its tests, with a pool as in {@link usePlainRbd}: for tests that kill its
 * daemons or count what they do.
 */
export async function useOwnCluster(
  name: string,
  options: Omit<NonNullable<Parameters<typeof startTemporaryCluster>[0]>, "prefix">,
): Promise<PlainRbdPool & { readonly ceph: DevCluster }> {
  const ceph = await startTemporaryCluster({ ...options, prefix: `coppice-${name}` });
  afterAll(() => ceph.stop());
  return { ceph, ...(await usePoolOf(ceph.conf, name, {})) };
}

/** What is made last is removed first: `afterAll` runs in that order. */
async function usePoolOf(
  conf: string,
  name: string,
  options: Pick<ConnectOptions, "settings">,
): Promise<PlainRbdPool> {
  const plain = await PlainRbd.make(conf, name);
  afterAll(() => plain.dispose());
  const cluster = await connect({ conf, ...options });
  afterAll(() => cluster.close());
  return { plain, cluster };
}
