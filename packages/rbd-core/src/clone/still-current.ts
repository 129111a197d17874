import type { Cluster } from "../cluster/cluster.ts";
import { openSource, readSourceFacts } from "./open-source.ts";
import type { SourceFacts } from "./source-facts.ts";

/**
 * Whether the image still is the one that was searched: same id and size, and exactly the same snapshots.
 *
 * Why this makes a reused snapshot right while the source is being written to. The handle that was searched
 * knows the snapshots from when it was opened; a snapshot made since would hide earlier writes from the diff
 * (they are in its layer now). With the snapshots unchanged until after the search the diff was complete. A
 * diff tells what was *written*, and what has been written does not become unwritten: what the search found
 * untouched, at whatever moment it looked, was untouched when the search began. So at that moment the source
 * was, byte for byte, the snapshot; and a later write is later than the clone.
 */
export async function stillCurrent(cluster: Cluster, before: SourceFacts): Promise<boolean> {
  await using image = await openSource(cluster, before.spec);
  const now = await readSourceFacts(cluster, before.spec, image);
  return (
    now.id === before.id &&
    now.size === before.size &&
    now.snapshots.length === before.snapshots.length &&
    now.snapshots.every((snapshot, i) => {
      const then = before.snapshots[i];
      return then !== undefined && then.id === snapshot.id && then.name === snapshot.name;
    })
  );
}
