/** Marks the tools that a start runs: the cluster's conf, by which a later start finds what was left. */
export const toolMark = "COPPICE_DEV_CLUSTER_TOOL";

/**
 * The environment for Ceph's daemons and tools: without what would bend them to another cluster
 * (`CEPH_CONF`, `CEPH_KEYRING`), slip in further arguments (`CEPH_ARGS`), or load into them what was meant for
 * the caller (`LD_PRELOAD`: a sanitizer, under which `ceph` aborts).
 */
export function cephEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const dropped = [toolMark, "LD_PRELOAD"];
  const kept = Object.entries(env).filter(([name]) => !dropped.includes(name) && !name.startsWith("CEPH_"));
  return { ...Object.fromEntries(kept), LC_ALL: "C.UTF-8" };
}
