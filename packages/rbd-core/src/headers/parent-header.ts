import type { ByteReader } from "./byte-reader.ts";

/** What a clone's header says of its parent. */
export interface ParentHeader {
  poolId: number;
  /** `""` is the default namespace. */
  namespace: string;
  imageId: string;
  snapshotId: bigint;
  /**
   * Bytes from the start of HEAD that lie over the parent. `null` when HEAD was flattened and only snapshots
   * still need the parent.
   */
  headOverlap: number | null;
}

const noSnapshot = 0xffff_ffff_ffff_fffen;

/**
 * Reads `cls_rbd_parent`, versions 1 (before Nautilus: no namespaces, always an overlap) and 2. `null` for the
 * value that stands for "no parent".
 */
export function readParent(reader: ByteReader): ParentHeader | null {
  return reader.versioned("cls_rbd_parent", 2, (version) => {
    const poolId = reader.poolId();
    const namespace = version >= 2 ? reader.string() : "";
    const imageId = reader.string();
    const snapshotId = reader.u64();
    const headOverlap = version >= 2 ? reader.optional(() => reader.size()) : reader.size();
    const exists = poolId >= 0 && imageId !== "" && snapshotId !== noSnapshot;
    // In version 1 an overlap of 0 was how a parent was taken away.
    if (!exists || (version === 1 && headOverlap === 0)) return null;
    return { poolId, namespace, imageId, snapshotId, headOverlap };
  });
}
