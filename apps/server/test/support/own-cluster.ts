import { startTemporaryCluster } from "@coppice/dev-cluster";
import { afterAll } from "vitest";

/**
 * A cluster for a test file alone, which is stopped after its last test: a server reconciles whatever was interrupted on its
 * cluster, also what another test had killed on purpose.
 *
 * @param options `mgr`: with a manager, without which nobody knows how full the cluster is.
 * @returns The path of its ceph.conf.
 */
export async function ownCluster({ mgr = false } = {}): Promise<string> {
  const ceph = await startTemporaryCluster({ prefix: "coppice-server", mgr, osdSizeGiB: 8 });
  afterAll(() => ceph.stop());
  return ceph.conf;
}
