/** Marks the tools that a start runs: the cluster's conf, by which a later start finds what was left. */
export const toolMark = "COPPICE_DEV_CLUSTER_TOOL";

/**
 * The environment for Ceph's daemons and tools: without what would bend them to another cluster
 * (`CEPH_CONF`, `CEPH_KEYRING`) or slip in further arguments (`CEPH_ARGS`).
 */
export function cephEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => name !== toolMark && !name.startsWith("CEPH_"));
  return { ...Object.fromEntries(kept), LC_ALL: "C.UTF-8" };
}
