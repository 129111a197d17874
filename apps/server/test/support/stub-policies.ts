import type { Notifications } from "../../src/notifications/notifications.ts";
import type { Policy, PolicyDefinition } from "../../src/schedules/policy.ts";
import type { CountedRun } from "../../src/schedules/policy-store.ts";
import type { Schedules } from "../../src/schedules/schedules.ts";
import { recordOf, TARGET } from "./stub-backups.ts";

export const POLICY = "5d6c8a24-7e11-4a6e-9d77-7f2c5a0b1c01";
export const RUN = "5d6c8a24-7e11-4a6e-9d77-7f2c5a0b1c02";
export const CHANNEL = "5d6c8a24-7e11-4a6e-9d77-7f2c5a0b1c03";

/** What the stub policy says, without its cluster. */
export const DEFINITION = {
  name: "Nightly",
  select: { images: [], patterns: ["rbd/*"], pools: [], exclude: [] },
  target: TARGET,
  timeZone: "UTC",
  backup: { cron: "0 2 * * *", mode: "auto", chainPoints: null },
  verify: null,
  drill: null,
  retention: { daily: 7 },
  backupWithinHours: 26,
  verifyWithinDays: null,
  jitterMinutes: 0,
  parallel: 2,
} as const satisfies Omit<PolicyDefinition, "cluster" | "select"> & { select: object };

const policy: Policy = {
  id: POLICY,
  definition: {
    ...DEFINITION,
    cluster: "ceph",
    select: { images: [], patterns: ["rbd/*"], pools: [], exclude: [] },
  },
  paused: false,
  createdAt: 0,
  updatedAt: 0,
  since: { backup: 0, verify: 0, drill: 0 },
};

const run: CountedRun = {
  id: RUN,
  policyId: POLICY,
  job: "backup",
  cause: "schedule",
  dueAt: "2026-03-01T02:00:00.000Z",
  beginAt: "2026-03-01T02:00:00.000Z",
  startedAt: null,
  endedAt: null,
  state: "succeeded",
  reason: null,
  missed: 0,
  username: null,
  counts: { total: 1, succeeded: 1, failed: 0, skipped: 0 },
};

/** One policy that has run once and is never changed. */
export function stubSchedules(): Schedules {
  const schedules = {
    store: {
      policies: async () => [policy],
      insert: async () => {},
      save: async () => {},
      remove: async () => {},
      run: async () => run,
      runs: async () => ({ rows: [run], nextCursor: null }),
      items: async () => [],
      drills: async () => [],
      lastRuns: async () => new Map([[POLICY, [run]]]),
    },
    scheduler: { runNow: async () => run },
    policy: async () => policy,
    policyChanged: () => {},
    matching: async () => ["rbd/a"],
    protection: async () => [],
    backupsByImage: async () => new Map([["rbd/a", [recordOf("a")]]]),
  };
  return schedules as unknown as Schedules;
}

/** One channel that takes everything. */
export function stubNotifications(): Notifications {
  const channel = {
    id: CHANNEL,
    name: "hook",
    settings: { kind: "webhook", url: "https://example.org/" },
    hasSecret: true,
    events: ["failed"],
    enabled: true,
    createdAt: "2026-03-01T02:00:00.000Z",
  };
  const notifications = {
    origin: "https://coppice.example.org",
    channels: async () => [channel],
    lastDeliveries: async () => new Map(),
    add: async () => channel,
    change: async () => channel,
    remove: async () => channel,
    test: async () => channel,
  };
  return notifications as unknown as Notifications;
}
