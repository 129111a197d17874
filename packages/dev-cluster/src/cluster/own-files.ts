import { lstat, rm } from "node:fs/promises";
import { join } from "node:path";
import { managerName, monitorName, osdName } from "../daemons/cluster-daemons.ts";
import { DevClusterError } from "../errors.ts";
import { orUndefined } from "../files/missing.ts";
import type { ClusterPaths } from "./paths.ts";
import type { ClusterState } from "./state.ts";

/** Everything that making a cluster puts into its folder, but for `cluster.json` itself. */
function ownFiles(paths: ClusterPaths, osdIds: readonly number[]): string[] {
  const inside = ["mkfs.monmap", "mkfs.keyring", monitorName, managerName, ...osdIds.map(osdName)];
  return [
    ...inside.map((name) => join(paths.dir, name)),
    paths.conf,
    paths.keyring,
    paths.log,
    paths.crash,
    paths.run,
  ];
}

/** Removes what an unfinished making left. To be called only for a cluster that never was ready. */
export async function removeUnfinished(paths: ClusterPaths, state: ClusterState): Promise<void> {
  const osdIds = state.osds.map(({ id }) => id);
  for (const path of ownFiles(paths, osdIds)) await rm(path, { recursive: true, force: true });
}

/**
 * A folder without `cluster.json` that has one of our names in it is somebody's: a cluster made by other
 * means, or one whose state file was lost.
 * @throws DevClusterError UNSUITABLE_FOLDER.
 */
export async function requireNothingForeign(paths: ClusterPaths): Promise<void> {
  for (const path of ownFiles(paths, [0])) {
    if ((await orUndefined(lstat(path))) === undefined) continue;
    throw new DevClusterError(
      "UNSUITABLE_FOLDER",
      `${path} is there, but no ${paths.state} that says what it is.`,
      {
        call: "lstat",
        object: path,
        hint: "Choose another folder, or remove this one if its data is not needed any more.",
      },
    );
  }
}
