import type { Cluster } from "../cluster/cluster.ts";
import type { CloneOptions } from "./clone-options.ts";
import { type PreparedClone, prepareClone } from "./prepare-clone.ts";
import { stillCurrent } from "./still-current.ts";

/** How often a search is repeated when the source's snapshots changed meanwhile. */
const searches = 3;

/**
 * Plans a clone. A snapshot that the search found is only used when the source's snapshots did not change during the
 * search. A plan that creates a snapshot is right whatever happened meanwhile.
 *
 * @throws {CoppiceError} whatever `cloneImage` refuses, but for a name that a new snapshot cannot have
 */
export async function prepareCurrent(cluster: Cluster, options: CloneOptions): Promise<PreparedClone> {
  for (let search = 1; ; search++) {
    const prepared = await prepareClone(cluster, options, search <= searches);
    if (!prepared.compared || prepared.plan.snapshot.action === "create") return prepared;
    if (await stillCurrent(cluster, prepared.facts)) return prepared;
  }
}
