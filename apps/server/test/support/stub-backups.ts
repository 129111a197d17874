import type { BackupRecord, BackupTarget, DigestManifest } from "rbd-core";
import { Catalogue } from "../../src/backups/catalogue.ts";
import { Backups } from "../../src/backups/services.ts";
import { type BackupTargets, type StoredTarget, targetSettings } from "../../src/backups/targets.ts";
import type { Clusters } from "../../src/cluster/clusters.ts";
import type { Inventories } from "../../src/inventory/inventories.ts";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./silent-log.ts";

/** The listed target of the stubs, which is a directory, with the only backup in it; and a pool. */
export const TARGET = "7e3b9d60-3f2c-4e2a-8a53-0c3e7f6f0b11";
export const POOL_TARGET = "7e3b9d60-3f2c-4e2a-8a53-0c3e7f6f0b12";
export const BACKUP = "0d0f3a52-8a73-4f0f-a6f9-0d6f29c0b0aa";

/** A record of a backup as a directory has it; `changes` replaces some of its fields. */
export function recordOf(id: string, changes: Partial<BackupRecord> = {}): BackupRecord {
  return {
    version: 1,
    id,
    chain: "a.chain",
    parent: null,
    kind: "full",
    reason: "first",
    why: "the target has no backup of this image",
    source: {
      fsid: "00000000-0000-4000-8000-000000000001",
      poolId: 1,
      imageId: "1a",
      poolName: "rbd",
      namespace: "",
      imageName: "a",
      snapshot: { name: `backup.${id}.snap.1`, id: "4" },
    },
    stored: {
      kind: "diff",
      file: `${id}.1.diff`,
      sidecar: "s",
      digests: "d",
      bytes: 10,
      sha256: "0".repeat(64),
    },
    size: 4096,
    objectSize: 4096,
    transfer: { bytesRead: 10, bytesWritten: 10, bytesSkipped: 0 },
    digests: { generation: BACKUP, bytes: 1, sha256: "0".repeat(64) },
    startedAt: "2026-03-01T12:00:00.000Z",
    pointAt: "2026-03-01T12:00:01.000Z",
    completedAt: "2026-03-01T12:00:02.000Z",
    engine: { name: "coppice", version: "0.1.0" },
    labels: {},
    volumeMetadata: null,
    protected: false,
    set: null,
    state: "complete",
    checks: { quick: null, deep: null, source: null },
    ...changes,
  };
}

/** A target that is described and never written to, with these backups in it. */
export function stubTarget(points: readonly BackupRecord[]): BackupTarget {
  const digests: DigestManifest = { blockSize: 4096, size: 4096, blocks: [], isFull: true, unknown: [] };
  return {
    location: { kind: "directory", path: "/mnt/backups" },
    list: async () => ({ points, problems: [] }),
    points: async () => points,
    find: async (id: string) => points.find((point) => point.id === id) ?? null,
    readDigests: async () => digests,
    openChain: async (name: string) => ({
      name,
      signal: new AbortController().signal,
      points: async () => points,
      update: async () => {},
      [Symbol.asyncDispose]: async () => {},
    }),
  } as unknown as BackupTarget;
}

/** Backups with one target that holds one backup. */
export function stubBackups(clusters: Clusters, inventories: Inventories): Backups {
  const stored: StoredTarget = {
    id: TARGET,
    name: "nas",
    settings: { kind: "directory", path: "/mnt/backups", compression: null },
    createdAt: "2026-03-01T12:00:00.000Z",
  };
  const pool = targetSettings.parse({ kind: "pool", cluster: "ceph", pool: "backups" });
  const target = stubTarget([recordOf(BACKUP)]);
  const check = { ok: true, message: "", freeBytes: null, error: null, checkedAt: stored.createdAt };
  const targets: BackupTargets = {
    list: async () => [stored],
    get: async (id) => (id === POOL_TARGET ? { ...stored, id, name: "pool", settings: pool } : stored),
    add: async () => stored,
    change: async () => stored,
    remove: async () => stored,
    use: (_id, work) => work(target, stored),
    at: async () => target,
    check: async () => check,
  };
  const catalogue = new Catalogue({ targets, clock: new FakeClock(), log: silentLog() });
  return new Backups({ targets, catalogue, clusters, inventories, restoreDir: "/mnt/restored", tasks: 1 });
}
