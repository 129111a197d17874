import { join } from "node:path";
import { stopCluster } from "../../src/index.ts";
import { scratchFolder } from "./scratch.ts";

/** A name for a cluster's folder; at the end of its scope what runs there is stopped and all is removed. */
export async function scratchClusterFolder(name = "ceph"): Promise<AsyncDisposable & { dir: string }> {
  const scratch = await scratchFolder();
  const dir = join(scratch.path, name);
  return {
    dir,
    async [Symbol.asyncDispose]() {
      await stopCluster(dir);
      await scratch[Symbol.asyncDispose]();
    },
  };
}
