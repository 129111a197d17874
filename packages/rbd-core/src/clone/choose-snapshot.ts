import type { Cluster } from "../cluster/cluster.ts";
import type { CloneOptions } from "./clone-options.ts";
import { type PreparedClone, prepareClone } from "./prepare-clone.ts";
import { stillCurrent } from "./still-current.ts";
import { withSourceLock } from "./with-source-lock.ts";

/** How often a search is repeated when the source's snapshots changed meanwhile. */
const searches = 3;

/** What makes the snapshot that the plan wants, when it has to be made. */
export type MakeSnapshot = (prepared: PreparedClone) => Promise<bigint>;

export interface ChosenSnapshot {
  prepared: PreparedClone;
  id: bigint;
}

/**
 * Finds the snapshot to clone from, or has it made. A snapshot is made by one clone at a time: whoever waited
 * for another looks again, and mostly finds what that one made.
 */
export async function chooseSnapshot(
  cluster: Cluster,
  options: CloneOptions,
  make: MakeSnapshot,
): Promise<ChosenSnapshot> {
  const first = await prepareUntilCurrent(cluster, options);
  if (first.plan.snapshot.id !== null) return { prepared: first, id: first.plan.snapshot.id };
  return withSourceLock(cluster, first.facts, options.signal, async () => {
    options.signal?.throwIfAborted();
    const same = await stillCurrent(cluster, first.facts);
    const prepared = same ? first : await prepareUntilCurrent(cluster, options);
    return { prepared, id: prepared.plan.snapshot.id ?? (await make(prepared)) };
  });
}

/**
 * A snapshot that was found by the search is only used when the source's snapshots did not change during the
 * search. A plan that creates a snapshot is right whatever happened meanwhile.
 */
async function prepareUntilCurrent(cluster: Cluster, options: CloneOptions): Promise<PreparedClone> {
  for (let search = 1; ; search++) {
    const prepared = await prepareClone(cluster, options, search <= searches);
    if (!prepared.compared || prepared.plan.snapshot.action === "create") return prepared;
    if (await stillCurrent(cluster, prepared.facts)) return prepared;
  }
}
