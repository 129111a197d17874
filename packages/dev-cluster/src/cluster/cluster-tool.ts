import { toolMark } from "../process/environment.ts";
import { runTool } from "../process/run-tool.ts";
import type { ClusterPaths } from "./paths.ts";

/**
 * Runs one of Ceph's programs for this cluster to its end, in its folder and marked as its tool.
 * @param call for messages: the program and the words that say what it does, `"ceph osd new"`.
 * @returns its standard output.
 * @throws DevClusterError TOOL_FAILED, TIMED_OUT; `signal.reason` when aborted.
 */
export async function runClusterTool(
  paths: ClusterPaths,
  call: string,
  args: readonly string[],
  { signal, input }: { signal: AbortSignal; input?: string },
): Promise<string> {
  const [command = ""] = call.split(" ");
  return await runTool({
    call,
    command,
    args,
    cwd: paths.dir,
    env: { [toolMark]: paths.conf },
    signal,
    ...(input === undefined ? {} : { input }),
  });
}
