import { runClusterTool } from "./cluster-tool.ts";
import type { ClusterPaths } from "./paths.ts";

/**
 * A new cephx secret in Ceph's base64 form, of the cipher that this machine's Ceph wants: a monitor of Ceph 20 refuses
 * those that older ones make.
 */
export async function generateKey(paths: ClusterPaths, signal: AbortSignal): Promise<string> {
  const printed = await runClusterTool(paths, "ceph-authtool --gen-print-key", ["--gen-print-key"], {
    signal,
  });
  return printed.trim();
}
