import type { IoCtx } from "rbd-native";
import { DecodeError } from "../headers/decode-error.ts";
import { decodeImageHeader } from "../headers/image-header.ts";
import { headerObject } from "../headers/object-names.ts";
import type { ParentHeader } from "../headers/parent-header.ts";
import { readOmap } from "../headers/read-objects.ts";
import type { SnapshotHeader } from "../headers/snapshot-header.ts";
import type { SnapshotRow } from "../inventory/inventory-row.ts";

/** An image's size and snapshots at one moment. */
export interface SnapshotState {
  /** Bytes. */
  size: number;
  /** Oldest first. */
  snapshots: readonly Pick<SnapshotRow, "id" | "name">[];
}

/** The same out of the image's header, which tells more of each snapshot and of those that are gone. */
export interface SnapshotHistory extends SnapshotState {
  /** The id of the newest snapshot ever made, be it removed since. */
  sequence: bigint;
  snapshots: readonly SnapshotHeader[];
  /** The parent of the current state. */
  parent: ParentHeader | null;
}

/**
 * Reads the history out of an image's header: one small read. `null` when the header cannot be understood.
 *
 * @throws {RbdError} `NOT_FOUND` when the image is gone
 */
export async function readSnapshotHistory(ioCtx: IoCtx, id: string): Promise<SnapshotHistory | null> {
  const omap = await readOmap(ioCtx, headerObject(id), undefined);
  try {
    const { snapshotSequence: sequence, size, snapshots, parent } = decodeImageHeader(omap);
    return { sequence, size, snapshots, parent };
  } catch (error) {
    if (error instanceof DecodeError) return null;
    throw error;
  }
}

export function sameState(a: SnapshotState, b: SnapshotState): boolean {
  return (
    a.size === b.size &&
    a.snapshots.length === b.snapshots.length &&
    a.snapshots.every(({ id, name }, i) => b.snapshots[i]?.id === id && b.snapshots[i].name === name)
  );
}
