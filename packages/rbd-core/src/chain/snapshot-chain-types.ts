import type { SnapshotKind } from "../inventory/inventory-row.ts";
import type { Measure } from "./measure.ts";

/** A snapshot, or HEAD, as a point in an image's history. A measure is `null` when it cannot be told. */
export interface ChainPoint {
  /** `null`: HEAD. */
  snapshot: { id: bigint; name: string; kind: SnapshotKind; protected: boolean; createdAt: Date } | null;
  /** Size of the image at this point, in bytes. */
  size: number;
  /** What is here and was written since the point before. What `rbd du` calls used. */
  own: Measure | null;
  /** All that differs from the point before: `own`, and what was discarded or cut off in between. */
  delta: Measure | null;
  /** What removing this snapshot alone would free. `null` for HEAD. */
  freedIfRemoved: Measure | null;
}

/**
 * Whether the object maps, from which estimates are made, can be used:
 * - `valid`: yes.
 * - `absent`: the image has no object map or no fast-diff.
 * - `invalid`: Ceph itself says that a map is out of step; `points` names which (`null`: HEAD).
 * - `unreadable`: a map is missing or damaged although its flag says it is fine.
 */
export type ObjectMapsState =
  | { state: "valid" }
  | { state: "absent"; remedy: string }
  | { state: "invalid" | "unreadable"; points: (string | null)[]; remedy: string };

/** An image's snapshots and HEAD, and what each of them holds. */
export interface SnapshotChain {
  /** `pool/[namespace/]image` */
  spec: string;
  /** When it was read: HEAD moves on. */
  readAt: Date;
  objectMaps: ObjectMapsState;
  /** Oldest first, HEAD last. */
  points: ChainPoint[];
  /** What removing the image with all its snapshots would free; clones would have to go first. */
  freedIfImageRemoved: Measure | null;
}
