import type { ByteReader } from "./byte-reader.ts";
import { type ParentHeader, readParent } from "./parent-header.ts";
import { readSnapshotNamespace, type SnapshotNamespace } from "./snapshot-namespace.ts";

export interface SnapshotHeader {
  id: bigint;
  name: string;
  /** Bytes the image had at the snapshot. */
  size: number;
  protection: "unprotected" | "unprotecting" | "protected";
  /** `RBD_FLAG_*` bits: whether the snapshot's object map can be trusted. */
  flags: bigint;
  namespace: SnapshotNamespace;
  createdAt: Date | null;
  /** How many clones of format 2 it has. */
  childCount: number;
  /** Bytes that lay over the parent at the snapshot. `null` when it had none. */
  parentOverlap: number | null;
  /** Only from before Nautilus: each snapshot carried its own link. Since then it is the header's. */
  ownParent: ParentHeader | null;
}

/** In the order of Ceph's numbers. */
const protections = ["unprotected", "unprotecting", "protected"] as const;

/**
 * Reads `cls_rbd_snap`, versions 1 to 8. From compatible version 8 on (OSDs since Nautilus) the features and
 * the parent are left out.
 */
export function readSnapshot(reader: ByteReader): SnapshotHeader {
  return reader.versioned("cls_rbd_snap", 8, (version, compat) => {
    const id = reader.u64();
    const name = reader.string();
    const size = reader.size();
    if (compat < 8) reader.u64(); // the image's features, as they once were
    const ownParent = version >= 2 && compat < 8 ? readParent(reader) : null;
    const protection = version >= 3 ? readProtection(reader) : "unprotected";
    const flags = version >= 4 ? reader.u64() : 0n;
    const namespace: SnapshotNamespace = version >= 5 ? readSnapshotNamespace(reader) : { kind: "user" };
    const createdAt = version >= 6 ? reader.time() : null;
    const childCount = version >= 7 ? reader.u32() : 0;
    const overlap = version >= 8 ? reader.optional(() => reader.size()) : null;
    const parentOverlap = overlap ?? ownParent?.headOverlap ?? null;
    return {
      id,
      name,
      size,
      protection,
      flags,
      namespace,
      createdAt,
      childCount,
      parentOverlap,
      ownParent,
    };
  });
}

function readProtection(reader: ByteReader): SnapshotHeader["protection"] {
  const at = reader.offset;
  const number = reader.u8();
  return protections[number] ?? reader.fail(`a protection status of ${number}`, at);
}
