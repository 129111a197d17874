import type { SnapshotRow } from "../inventory/inventory-row.ts";

/**
 * How many snapshots an image may have before the clones of its removed ones are flattened. The kernel client maps
 * an image with at most 510; the two values are ceph-csi's `minsnapshotsonimage` and `maxsnapshotsonimage`.
 */
export interface SnapshotLimits {
  /** Above this, the clones of the oldest ones too many are flattened in the background. */
  soft: number;
  /** Above this, they have to be flattened before there is another snapshot. */
  hard: number;
}

export const defaultSnapshotLimits: Readonly<SnapshotLimits> = { soft: 250, hard: 450 };

export interface SnapshotVerdict {
  action: "none" | "flatten-later" | "flatten-first";
  /** Snapshots that go away once their clones are flattened, oldest first: removed ones that clones still hold. */
  release: SnapshotRow[];
}

/**
 * Says whether an image has too many snapshots, and which of them flattening would release: only those that were
 * removed but are kept in the trash for their clones. The user's own are never offered. Pure.
 */
export function evaluateSnapshots(
  snapshots: readonly SnapshotRow[],
  limits: SnapshotLimits = defaultSnapshotLimits,
): SnapshotVerdict {
  const excess = snapshots.length - limits.soft;
  if (excess <= 0) return { action: "none", release: [] };
  const release = snapshots
    .filter(({ kind }) => kind === "trash")
    .toSorted((a, b) => (a.id < b.id ? -1 : a.id > b.id ? 1 : 0))
    .slice(0, excess);
  return { action: snapshots.length > limits.hard ? "flatten-first" : "flatten-later", release };
}
