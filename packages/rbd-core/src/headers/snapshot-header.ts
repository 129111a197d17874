import type { ByteReader } from "./encoding.ts";

/** The parent that is recorded in the header of a clone. */
export interface ParentHeader {
  poolId: number;
  /** `""` is the default namespace. */
  namespace: string;
  imageId: string;
  snapshotId: bigint;
  /**
   * The bytes from the start of HEAD that overlap with the parent. `null` when HEAD was flattened and only snapshots
   * still need the parent.
   */
  headOverlap: number | null;
}

const noSnapshot = 0xffff_ffff_ffff_fffen;

/**
 * Decodes `cls_rbd_parent`, versions 1 (before Nautilus: no namespaces, always an overlap) and 2. `null` for the value
 * that stands for "no parent".
 */
export function readParent(reader: ByteReader): ParentHeader | null {
  return reader.versioned("cls_rbd_parent", 2, (version) => {
    const poolId = reader.poolId();
    const namespace = version >= 2 ? reader.string() : "";
    const imageId = reader.string();
    const snapshotId = reader.u64();
    const headOverlap = version >= 2 ? reader.optional(() => reader.size()) : reader.size();
    const exists = poolId >= 0 && imageId !== "" && snapshotId !== noSnapshot;
    // In version 1 an overlap of 0 meant that the parent was removed.
    if (!exists || (version === 1 && headOverlap === 0)) return null;
    return { poolId, namespace, imageId, snapshotId, headOverlap };
  });
}

/** The kind of a snapshot, and the fields of that kind. */
type SnapshotNamespace =
  | { kind: "user" }
  | { kind: "group"; groupPoolId: number; groupId: string; groupSnapshotId: string }
  | { kind: "trash"; originalName: string; originalKind: SnapshotNamespaceKind }
  | {
      kind: "mirror";
      state: "primary" | "primary-demoted" | "non-primary" | "non-primary-demoted" | "unknown";
      complete: boolean;
      peerUuids: string[];
      primaryUuid: string;
    }
  | { kind: "unknown" };

type SnapshotNamespaceKind = SnapshotNamespace["kind"];

/** In the order of Ceph's numbers. */
const kinds = ["user", "group", "trash", "mirror"] as const;
const mirrorStates = ["primary", "primary-demoted", "non-primary", "non-primary-demoted"] as const;

/** Decodes `cls::rbd::SnapshotNamespace`, versions 1 and 2. */
function readSnapshotNamespace(reader: ByteReader): SnapshotNamespace {
  return reader.versioned("SnapshotNamespace", 2, () => {
    const kind = kinds[reader.u32()];
    switch (kind) {
      case "user":
        return { kind };
      case "group":
        return {
          kind,
          groupPoolId: reader.poolId(),
          groupId: reader.string(),
          groupSnapshotId: reader.string(),
        };
      case "trash":
        return { kind, originalName: reader.string(), originalKind: kinds[reader.u32()] ?? "unknown" };
      case "mirror":
        return {
          kind,
          state: mirrorStates[reader.u8()] ?? "unknown",
          complete: reader.bool(),
          peerUuids: reader.list(4, () => reader.string()),
          primaryUuid: reader.string(),
        };
      default:
        return { kind: "unknown" };
    }
  });
}

/** A snapshot that is recorded in the header of its image. */
export interface SnapshotHeader {
  id: bigint;
  name: string;
  /** Size of the image at the snapshot, in bytes. */
  size: number;
  protection: "unprotected" | "unprotecting" | "protected";
  /** `RBD_FLAG_*` bits: whether the snapshot's object map is valid. */
  flags: bigint;
  namespace: SnapshotNamespace;
  createdAt: Date | null;
  /** The number of clones of format 2. */
  childCount: number;
  /** The bytes that overlapped with the parent at the snapshot. `null` when there was no parent. */
  parentOverlap: number | null;
  /** Before Nautilus each snapshot had a parent link of its own; since then the header has one for all. */
  ownParent: ParentHeader | null;
}

/** In the order of Ceph's numbers. */
const protections = ["unprotected", "unprotecting", "protected"] as const;

/**
 * Decodes `cls_rbd_snap`, versions 1 to 8. From compatible version 8 on (OSDs since Nautilus), features and parent are
 * omitted.
 */
export function readSnapshot(reader: ByteReader): SnapshotHeader {
  return reader.versioned("cls_rbd_snap", 8, (version, compat) => {
    const id = reader.u64();
    const name = reader.string();
    const size = reader.size();
    if (compat < 8) reader.u64(); // the image's features at that time
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
