import type { ByteReader } from "./byte-reader.ts";

/** What a snapshot is for, and what belongs to it. */
export type SnapshotNamespace =
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

export type SnapshotNamespaceKind = SnapshotNamespace["kind"];

/** In the order of Ceph's numbers. */
const kinds = ["user", "group", "trash", "mirror"] as const;
const mirrorStates = ["primary", "primary-demoted", "non-primary", "non-primary-demoted"] as const;

/** Reads `cls::rbd::SnapshotNamespace`, versions 1 and 2. */
export function readSnapshotNamespace(reader: ByteReader): SnapshotNamespace {
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
