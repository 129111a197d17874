import { startTemporaryCluster } from "@coppice/dev-cluster";
import type { TestProject } from "vitest/node";

/**
 * One private cluster for the run; tests find it with `inject("cephConf")` and make pools or namespaces of
 * their own in it. With COPPICE_TEST_CEPH_CONF a cluster that runs already is used and left running.
 */
export default async function setUpCluster(project: TestProject): Promise<(() => Promise<void>) | undefined> {
  const existing = process.env.COPPICE_TEST_CEPH_CONF;
  if (existing !== undefined && existing !== "") {
    project.provide("cephConf", existing);
    return undefined;
  }
  const cluster = await startTemporaryCluster({ prefix: "coppice-test" });
  project.provide("cephConf", cluster.conf);
  return () => cluster.stop();
}
