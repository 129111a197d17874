import { runClusterTool } from "./cluster-tool.ts";
import type { ClusterPaths } from "./paths.ts";

/**
 * The manager would make a pool of its own for disk health; there are no disks to watch here. Forced: the
 * monitor knows a module's options only after a manager has told it, and then the pool is there.
 */
export async function disableDeviceHealth(paths: ClusterPaths, signal: AbortSignal): Promise<void> {
  await ceph(
    paths,
    ["config", "set", "mgr", "mgr/devicehealth/enable_monitoring", "false", "--force"],
    signal,
  );
}

export async function createPool(paths: ClusterPaths, signal: AbortSignal): Promise<void> {
  await ceph(paths, ["osd", "pool", "create", "rbd"], signal);
}

/** `rbd pool init` names the application and writes an object: when it returns, the pool takes I/O. */
export async function initialisePool(paths: ClusterPaths, signal: AbortSignal): Promise<void> {
  await runClusterTool(paths, "rbd pool init", ["--conf", paths.conf, "pool", "init", "rbd"], { signal });
}

async function ceph(paths: ClusterPaths, words: readonly string[], signal: AbortSignal): Promise<void> {
  const call = `ceph ${words.slice(0, 3).join(" ")}`;
  await runClusterTool(paths, call, ["--conf", paths.conf, ...words], { signal });
}
