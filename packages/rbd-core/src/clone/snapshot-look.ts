import type { Image } from "rbd-native";
import type { SnapshotHeader } from "../headers/snapshot-header.ts";
import type { ParentLink, SnapshotRow } from "../inventory/inventory-row.ts";
import { readParent } from "../inventory/librbd-reader.ts";
import type { SnapshotHistory } from "./snapshot-history.ts";

/** What has to be known of a snapshot before its data can be compared. */
export interface SnapshotLook {
  /** `RBD_FLAG_*` bits of its object map. */
  flags(snapshot: SnapshotRow): Promise<bigint>;
  /** Whether it lies over the same parent, with the same overlap, as the current state. */
  hasSameParent(snapshot: SnapshotRow): Promise<boolean>;
}

/** Out of the header that was read already. */
export function lookIntoHistory({ snapshots, parent }: SnapshotHistory): SnapshotLook {
  const find = (id: bigint) => snapshots.find((snapshot) => snapshot.id === id);
  const overlapOf = ({ parentOverlap, ownParent }: SnapshotHeader) =>
    // Before Nautilus each snapshot had a link of its own, perhaps to another parent.
    ownParent !== null &&
    (ownParent.imageId !== parent?.imageId || ownParent.snapshotId !== parent.snapshotId)
      ? undefined
      : parentOverlap;
  return {
    flags: async ({ id }) => find(id)?.flags ?? 0n,
    async hasSameParent({ id }) {
      const snapshot = find(id);
      return snapshot !== undefined && overlapOf(snapshot) === (parent?.headOverlap ?? null);
    },
  };
}

/**
 * Through librbd, which tells these things of the snapshot a handle is set to. The handle is set back to the
 * current state after each, and must be used for nothing else meanwhile.
 */
export function lookThroughImage(image: Image, parent: ParentLink | null): SnapshotLook {
  const at = async <T>({ id }: SnapshotRow, action: () => Promise<T>): Promise<T> => {
    await image.setSnapshot(id);
    try {
      return await action();
    } finally {
      await image.setSnapshot(null);
    }
  };
  return {
    flags: (snapshot) => at(snapshot, () => image.flags()),
    hasSameParent: async (snapshot) => sameParent(await at(snapshot, () => readParent(image)), parent),
  };
}

function sameParent(a: ParentLink | null, b: ParentLink | null): boolean {
  if (a === null || b === null) return a === b;
  return (
    a.poolName === b.poolName &&
    a.namespace === b.namespace &&
    a.imageId === b.imageId &&
    a.snapshotId === b.snapshotId &&
    a.overlap === b.overlap
  );
}
