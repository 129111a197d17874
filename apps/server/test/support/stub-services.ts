import { randomUUID } from "node:crypto";
import { type Cluster, forest, type Inventory } from "rbd-core";
import type { ApiKeys } from "../../src/access/api-keys.ts";
import type { AuditLog } from "../../src/access/audit.ts";
import type { Users } from "../../src/access/users.ts";
import type { AuditEntry } from "../../src/api/trpc.ts";
import { ClusterConnection } from "../../src/cluster/cluster-connection.ts";
import { PerCluster } from "../../src/cluster/clusters.ts";
import { Hub } from "../../src/events/hub.ts";
import { InventoryCache } from "../../src/inventory/inventory-cache.ts";
import { BackgroundFlattens } from "../../src/operations/background-flattens.ts";
import { Reconciler } from "../../src/operations/reconciler.ts";
import type { Services } from "../../src/router.ts";
import { imageObject } from "../../src/tasks/task.ts";
import type { TaskRunner } from "../../src/tasks/task-runner.ts";
import { Uploads } from "../../src/volumes/upload.ts";
import { FakeClock } from "./fake-clock.ts";
import { silentLog } from "./silent-log.ts";
import { stubBackups } from "./stub-backups.ts";
import { stubNotifications, stubSchedules } from "./stub-policies.ts";
import { inventoryOf } from "./synthetic-inventory.ts";

/** The only cluster of the stubs. */
export const CLUSTER = "ceph";

export interface StubServices {
  services: Services;
  /** What was written to the audit log. */
  audited: AuditEntry[];
  hub: Hub;
  /** What the cluster answers; a test replaces what it needs. */
  cluster: { fsid: string; usage(): Promise<object>; getSetting(name: string): Promise<string> };
}

/** Services with one connected cluster that holds `inventory`, and a runner that runs nothing. */
export function stubServices(inventory: Inventory = inventoryOf([])): StubServices {
  const audited: AuditEntry[] = [];
  const clock = new FakeClock();
  const log = silentLog();
  const hub = new Hub(() => ({ type: "hello", clusters: [{ cluster: CLUSTER, scannedAt: null }] }));
  const cluster: StubServices["cluster"] = {
    fsid: "00000000-0000-4000-8000-000000000001",
    usage: async () => ({ totalBytes: 3, usedBytes: 1, availableBytes: 2 }),
    getSetting: async () => "ceph",
  };
  const clusters = new PerCluster([CLUSTER], () => {
    const connect = async () => cluster as unknown as Cluster;
    const check = async () => {};
    const connection = new ClusterConnection({
      connect,
      check,
      clock,
      log,
      onConnected: () => {},
      onRecovered: () => {},
    });
    connection.open();
    return connection;
  });
  const inventories = new PerCluster(
    [CLUSTER],
    (id) =>
      new InventoryCache({
        cluster: id,
        scan: async () => ({ inventory, forest: forest(inventory) }),
        clock,
        intervalMs: 30_000,
        log,
        publish: () => {},
        watched: () => false,
        outage: () => null,
      }),
  );
  const limits = { soft: 1000, hard: 1000 };
  const backups = stubBackups(clusters, inventories);
  const services: Services = {
    version: "0.0.0",
    clock,
    clusters,
    inventories,
    flattens: new PerCluster(
      [CLUSTER],
      () => new BackgroundFlattens({ clock, log, limits, onFlattened: () => {} }),
    ),
    reconcilers: new PerCluster(
      [CLUSTER],
      (id) =>
        new Reconciler({
          cluster: id,
          clock,
          log,
          tasks: { unsettled: async () => [], settle: async () => {} },
          backupTargetAt: async () => undefined,
          onChanged: () => {},
        }),
    ),
    backups,
    dependantsOf: (id) => backups.dependantsOf(id),
    cloneTasks: 1,
    depthLimits: limits,
    imports: { uploads: new Uploads(clock), maxBytes: 1024 ** 3, allowPrivate: false },
    runner: idleRunner(),
    schedules: stubSchedules(),
    notifications: stubNotifications(),
    hub,
    users: stubUsers(),
    keys: {
      list: async () => [],
      create: async () => ({ id: randomUUID(), key: "coppice_x" }),
      revoke: async () => "backup",
    } as unknown as ApiKeys,
    audit: {
      write: async (entry: AuditEntry) => void audited.push(entry),
      list: async () => ({ rows: [], nextCursor: null }),
    } as unknown as AuditLog,
  };
  return { services, audited, hub, cluster };
}

/** Accounts that can all be changed, and are not. */
function stubUsers(): Users {
  const link = { path: "/api/auth/magic-link/verify?token=x", expiresAt: "2026-03-01T12:00:00.000Z" };
  const users = {
    list: async () => [],
    nameOf: async () => "ada",
    create: async () => ({ id: "u1", link }),
    setRole: async () => {},
    setDisabled: async () => {},
    remove: async () => {},
    resetPassword: async () => link,
    setFirstPassword: async () => {},
    hasPassword: async () => true,
    sessions: async () => [],
    endSessions: async () => {},
  };
  return users as unknown as Users;
}

/** Queues everything and runs nothing; every id names a queued task. */
function idleRunner(): TaskRunner {
  const task = (id: string) => ({
    id,
    kind: "clone",
    title: "Clone rbd/a to rbd/b",
    object: imageObject(CLUSTER, "rbd/b"),
    related: [imageObject(CLUSTER, "rbd/a")],
    state: "queued",
    phase: null,
    done: 0,
    total: null,
    unit: "steps",
    rate: null,
    createdAt: "2026-03-01T12:00:00.000Z",
    startedAt: null,
    endedAt: null,
    user: "ada",
    log: [],
  });
  const runner = {
    enqueue: async () => randomUUID(),
    list: async () => ({ rows: [], nextCursor: null }),
    get: async (id: string) => task(id),
    cancel: async (id: string) => task(id),
    retry: async () => randomUUID(),
  };
  return runner as unknown as TaskRunner;
}
