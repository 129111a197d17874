import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { openSource, readSourceFacts } from "./open-source.ts";
import { readSnapshotHistory, sameState } from "./snapshot-history.ts";
import type { SourceFacts } from "./source-facts.ts";

/**
 * Whether the image still is the one that was searched: the same size, and no snapshot made, removed or renamed
 * since it was opened.
 *
 * Why this makes a reused snapshot right while the source is being written to. The handle that was searched
 * knows the snapshots from when it was opened; a snapshot made since would hide earlier writes from the diff
 * (they are in its layer now). With the snapshots unchanged until after the search the diff was complete. A
 * diff tells what was *written*, and what has been written does not become unwritten: what the search found
 * untouched, at whatever moment it looked, was untouched when the search began. So at that moment the source
 * was, byte for byte, the snapshot; and a later write is later than the clone.
 */
export async function stillCurrent(cluster: Cluster, before: SourceFacts): Promise<boolean> {
  const { spec, id, history } = before;
  const object = showImageSpec(spec);
  if (history !== null) {
    if (!sameState(before, history)) return false;
    const ioCtx = await cluster.pool(spec.pool, spec.namespace);
    const now = await withCoppiceErrors({ object, what: `${object} could not be read again` }, () =>
      readSnapshotHistory(ioCtx, id),
    );
    return now !== null && now.sequence === history.sequence && sameState(now, history);
  }
  await using image = await openSource(cluster, spec);
  const now = await readSourceFacts(cluster, spec, image);
  return now.id === id && sameState(now, before);
}
