import type { Measure } from "../chain/measure.ts";
import type { NamedGroup } from "../headers/details/name-group.ts";
import type { ImageRef } from "./deletion-facts.ts";

/**
 * How the target can go:
 * - `trash`: out of the way at once, and nothing is destroyed while something needs it. An image goes to the
 *   pool's trash, from where it can be restored; a snapshot with clones loses its name and is kept by Ceph until
 *   the last clone is flattened or removed.
 * - `remove`: for good, which frees the space.
 */
export type DeletionWay = "trash" | "remove";

export const blockerKinds = [
  "child",
  "unasked-pool",
  "protected",
  "snapshot",
  "group",
  "group-snapshot",
  "mirror-snapshot",
  "unknown-snapshot",
  "mirrored",
  "watcher",
  "lock",
  "migration",
  "dependant",
  "deferred",
] as const;
export type BlockerKind = (typeof blockerKinds)[number];

/** One reason why the target cannot simply be removed. */
export interface Blocker {
  kind: BlockerKind;
  /** The snapshot it is about, if any. */
  snapshot: string | null;
  /** What stands in the way: the clone, the group, the address. */
  object: string;
  /** One sentence without a full stop. */
  message: string;
  /** What a person can do, as a sentence; `null` when the plan does it. */
  hint: string | null;
  /** The ways that it closes. A blocker that the steps clear away closes none. */
  closes: DeletionWay[];
}

export interface SnapshotRef {
  id: bigint;
  name: string;
}

/** What is done, in order. Bytes are at the most. */
export type DeletionStep =
  | { do: "flatten"; child: ImageRef; inTrash: boolean; snapshot: SnapshotRef; copies: number }
  | { do: "leave-group"; group: NamedGroup }
  | { do: "move-to-trash" }
  | { do: "unprotect"; snapshot: SnapshotRef }
  /** `kept`: clones of format 2 still hang on it, so its data stays until they are gone. */
  | { do: "remove-snapshot"; snapshot: SnapshotRef; kept: boolean; frees: Measure | null }
  | { do: "remove-from-trash"; frees: Measure | null };

export interface WayPlan {
  way: DeletionWay;
  /** `false` when a blocker closes this way; then there are no steps. */
  open: boolean;
  steps: DeletionStep[];
  /** Bytes that flattening copies, at the most. */
  copies: number;
  /** What is freed once all steps are done. `null`: it cannot be told. */
  frees: Measure | null;
}

export interface DeletionPlan {
  plannedAt: Date;
  image: ImageRef;
  /** `null`: the image itself. */
  snapshot: SnapshotRef | null;
  /** `pool/[namespace/]image[@snap]` */
  spec: string;
  blockers: Blocker[];
  /** The ways that make sense for this target, the shortest open one first. */
  ways: WayPlan[];
}
