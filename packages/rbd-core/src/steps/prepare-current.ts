import type { CloneOptions } from "../clone/clone-options.ts";
import { checkSnapshotNameFree, type PreparedClone, prepareClone } from "../clone/prepare-clone.ts";
import { stillCurrent } from "../clone/still-current.ts";
import type { Cluster } from "../cluster/cluster.ts";

/** How often a search is repeated when the source's snapshots changed meanwhile. */
const searches = 3;

/**
 * Plans the clone that an operation starts with, as `cloneImage` does: a snapshot that was found to hold the current
 * state is used only when the source's snapshots stayed the same meanwhile.
 *
 * @throws {CoppiceError} whatever `cloneImage` refuses
 */
export async function prepareCurrent(cluster: Cluster, options: CloneOptions): Promise<PreparedClone> {
  for (let search = 1; ; search++) {
    const prepared = await prepareClone(cluster, options, search <= searches);
    checkSnapshotNameFree(prepared);
    if (!prepared.compared || prepared.plan.snapshot.action === "create") return prepared;
    if (await stillCurrent(cluster, prepared.facts)) return prepared;
  }
}
