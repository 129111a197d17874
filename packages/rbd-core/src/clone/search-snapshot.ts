import type { Image } from "rbd-native";
import type { Cluster } from "../cluster/cluster.ts";
import { withCoppiceErrors } from "../errors/to-coppice-error.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { showImageSpec } from "../names/format-image-spec.ts";
import { ImageDeltaReader } from "./image-delta-reader.ts";
import type { SourceFacts } from "./source-facts.ts";
import { deltaCandidates, findZeroDelta } from "./zero-delta.ts";

export interface SearchResult {
  snapshot: SnapshotRow | null;
  /** Why this snapshot, or why none. One sentence without a full stop. */
  reason: string;
}

/** Looks for a snapshot that holds exactly the current state of the open image. */
export async function searchSnapshot(
  cluster: Cluster,
  image: Image,
  facts: SourceFacts,
  signal: AbortSignal | undefined,
  onTried: (done: number, total: number) => void,
): Promise<SearchResult> {
  const object = showImageSpec(facts.spec);
  const candidates = deltaCandidates(facts.snapshots, facts.size);
  const ioCtx = await cluster.pool(facts.spec.pool, facts.spec.namespace);
  onTried(0, candidates.length);
  const snapshot = await withCoppiceErrors(
    { object, what: `${object} could not be compared with its snapshots` },
    () =>
      findZeroDelta(new ImageDeltaReader(ioCtx, image, facts, signal), candidates, facts.size, (tried) =>
        onTried(tried, candidates.length),
      ),
  );
  if (snapshot !== null) return { snapshot, reason: "it holds exactly the current state" };
  const user = facts.snapshots.filter((each) => each.kind === "user").length;
  if (user === 0) return { snapshot, reason: "the source has no snapshot" };
  if (candidates.length === 0) return { snapshot, reason: "the source was resized since its snapshots" };
  return { snapshot, reason: "the source was written to since its newest snapshot" };
}
