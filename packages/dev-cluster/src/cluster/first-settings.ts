import { runTool } from "../process/run-tool.ts";
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
  await runTool({
    call: "rbd pool init",
    command: "rbd",
    args: ["--conf", paths.conf, "pool", "init", "rbd"],
    signal,
  });
}

async function ceph(paths: ClusterPaths, args: readonly string[], signal: AbortSignal): Promise<void> {
  await runTool({
    call: `ceph ${args.slice(0, 2).join(" ")}`,
    command: "ceph",
    args: ["--conf", paths.conf, ...args],
    signal,
  });
}
