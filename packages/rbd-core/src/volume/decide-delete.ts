import type { SnapshotRow } from "../inventory/inventory-row.ts";
import { type DoomedSnapshots, evaluateRemoval, type RemovalBlocker } from "../removal/judge-removal.ts";
import type { CloneOfImage, RemovalFacts } from "../removal/removal-facts.ts";
import type { DeleteVolumePhase, Dependants } from "./delete-volume-types.ts";

export interface DeleteDecision {
  outcome: "removed" | "trashed";
  /** The clones to be made independent first. */
  flatten: readonly CloneOfImage[];
  /** The snapshots that go for good, oldest first. */
  snapshots: SnapshotRow[];
  /** What stands against it, being in use left out; nothing is done unless this is empty. */
  blockers: RemovalBlocker[];
}

/**
 * Decides how a volume goes. The trash keeps everything, so going there needs no leave for the snapshots; but no image
 * of a group can go there. Pure.
 */
export function decideDelete(
  facts: RemovalFacts,
  dependants: Dependants,
  doomed: DoomedSnapshots,
): DeleteDecision {
  const { blockers, snapshots } = evaluateRemoval(facts, doomed);
  const lasting = blockers.filter(({ kind }) => kind !== "in-use");
  if (dependants === "keep" && facts.clones.length > 0) {
    const inGroup = lasting.filter(({ kind }) => kind === "group");
    return { outcome: "trashed", flatten: [], snapshots: [], blockers: inGroup };
  }
  if (dependants === "flatten") {
    const others = lasting.filter(({ kind }) => kind !== "clones");
    return { outcome: "removed", flatten: facts.clones, snapshots, blockers: others };
  }
  return { outcome: "removed", flatten: [], snapshots, blockers: lasting };
}

/** The steps that the decision comes to. */
export function deletePhases({ flatten, outcome }: DeleteDecision): DeleteVolumePhase[] {
  const flattens = flatten.map((): DeleteVolumePhase => "flatten");
  return outcome === "trashed" ? ["trash"] : [...flattens, "trash", "remove"];
}
