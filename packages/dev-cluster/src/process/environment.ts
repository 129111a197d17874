/**
 * The environment for Ceph's daemons and tools: without what would bend them to another cluster
 * (`CEPH_CONF`, `CEPH_KEYRING`) or slip in further arguments (`CEPH_ARGS`).
 */
export function cephEnvironment(env: NodeJS.ProcessEnv = process.env): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(([name]) => !/^CEPH_/.test(name));
  return { ...Object.fromEntries(kept), LC_ALL: "C.UTF-8" };
}
