import { startTemporaryCluster } from "@coppice/dev-cluster";
import { afterAll } from "vitest";

/**
 * A cluster for a test file alone, which is stopped after its last test: a server reconciles whatever was interrupted on its
 * cluster, also what another test had killed on purpose.
 *
 * @returns The path of its ceph.conf.
 */
export async function ownCluster(): Promise<string> {
  const ceph = await startTemporaryCluster({ prefix: "coppice-server", osdSizeGiB: 8 });
  afterAll(() => ceph.stop());
  return ceph.conf;
}
