import type { BackupRecord } from "../../../src/backup/index.ts";

/** The record of a backup, with what a test is about. */
export function record(change: Partial<BackupRecord> & { readonly snapshotId?: number } = {}): BackupRecord {
  const { snapshotId = 9, ...rest } = change;
  const id = rest.id ?? "5b1c0c1e-9a06-4b9e-8f3b-0c60f19b4d0e";
  const name = `backup.${id}.snap.1767323045.678`;
  return {
    version: 1,
    id,
    chain: "volume-vm-1.backup.0d0f3a52-9a06-4b9e-8f3b-0c60f19b4d0e",
    parent: null,
    kind: "full",
    reason: "first",
    why: "the target has no backup of this image",
    source: {
      fsid: "6f0a3c1e-8f0b-4a34-9d7e-0d6e5f4c3b2a",
      poolId: 3,
      imageId: "10226b8b4567",
      poolName: "rbd",
      namespace: "",
      imageName: "vm-1",
      snapshot: { name, id: String(snapshotId) },
    },
    stored: { kind: "snapshot", image: "volume-vm-1", imageId: "11aa2b8b4567", name, id: String(snapshotId) },
    size: 10_737_418_240,
    objectSize: 4_194_304,
    transfer: { bytesRead: 1, bytesWritten: 1, bytesSkipped: 0 },
    digests: { generation: "0b7e0c3e-58f0-4a0c-9d1c-6f6f3f0d6c11", bytes: 75, sha256: "0".repeat(64) },
    startedAt: "2026-01-02T03:04:05.678Z",
    pointAt: "2026-01-02T03:04:05.912Z",
    completedAt: "2026-01-02T03:04:09.012Z",
    engine: { name: "coppice", version: "0.1.0" },
    labels: {},
    volumeMetadata: null,
    protected: false,
    set: null,
    state: "complete",
    checks: { quick: null, deep: null, source: null },
    ...rest,
  };
}
