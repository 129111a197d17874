import type { BackupRecord } from "rbd-core";
import { expect, test } from "vitest";
import type { Policy } from "../../../src/schedules/policy.ts";
import {
  assessProtection,
  growthByDay,
  newestGood,
  type ProtectedImage,
} from "../../../src/schedules/protection.ts";
import { planExisting, projectRetention } from "../../../src/schedules/retention-preview.ts";
import { recordOf } from "../../support/stub-backups.ts";
import { DEFINITION } from "../../support/stub-policies.ts";

const NOW = Date.parse("2026-03-10T12:00:00Z");
const hoursAgo = (hours: number) => new Date(NOW - hours * 3_600_000).toISOString();

const image = (spec: string, createdHoursAgo = 1000): ProtectedImage => ({
  key: `ceph/${spec}`,
  spec,
  pool: spec.split("/")[0] ?? "",
  name: spec.split("/").at(-1) ?? "",
  inTrash: false,
  createdAt: hoursAgo(createdHoursAgo),
});

const policy = (changes: Partial<Policy["definition"]> = {}, id = "p"): Policy => ({
  id,
  definition: {
    ...DEFINITION,
    cluster: "ceph",
    select: { images: [], patterns: ["rbd/*"], pools: [], exclude: ["rbd/free"] },
    ...changes,
  },
  paused: false,
  createdAt: NOW - 1000 * 3_600_000,
  updatedAt: 0,
  since: { backup: 0, verify: 0, drill: 0 },
});

const check = (at: string, ok: boolean) => ({ at, ok, bytes: 1, problems: [], problemCount: ok ? 0 : 1 });
const backup = (hours: number, changes: Partial<BackupRecord> = {}) =>
  recordOf(`b${hours}`, { pointAt: hoursAgo(hours), ...changes });

/** The states of these images under the policies, with these backups in the only target. */
function states(
  images: readonly ProtectedImage[],
  policies: readonly Policy[],
  backups: Record<string, BackupRecord[]> | null,
) {
  const byImage = backups === null ? null : new Map(Object.entries(backups));
  const rows = assessProtection(images, policies, new Map([[DEFINITION.target, byImage]]), NOW);
  return Object.fromEntries(
    rows.map((row) => [row.image, row.verifyLate ? `${row.state}, verify` : row.state]),
  );
}

test("an image is fresh, late, pending or unprotected by the age of its newest good backup", () => {
  const images = ["rbd/fresh", "rbd/late", "rbd/never", "rbd/free"].map((spec) => image(spec));
  const found = states([...images, image("rbd/new", 2)], [policy()], {
    "rbd/fresh": [backup(50), backup(3)],
    "rbd/late": [backup(27)],
  });
  expect(found).toEqual({
    "rbd/fresh": "fresh",
    "rbd/late": "late",
    "rbd/never": "late",
    "rbd/free": "unprotected",
    "rbd/new": "pending",
  });
});

test("a backup that was found damaged counts for nothing", () => {
  const damaged = backup(1, { checks: { quick: null, deep: check(hoursAgo(0), false), source: null } });
  expect(states([image("rbd/a")], [policy()], { "rbd/a": [backup(30), damaged] })).toEqual({
    "rbd/a": "late",
  });
  expect(newestGood([backup(30), damaged])?.id).toBe("b30");
});

test("a target that cannot be read makes the state unknown, never fresh and never late", () => {
  expect(states([image("rbd/a")], [policy()], null)).toEqual({ "rbd/a": "unknown" });
});

test("of two policies the one that is worse off decides", () => {
  const strict = policy({ backupWithinHours: 1 }, "strict");
  const rows = { "rbd/a": [backup(3)] };
  expect(states([image("rbd/a")], [policy(), strict], rows)).toEqual({ "rbd/a": "late" });
});

test("checks have an objective of their own, and a deep one is not met by a quick check", () => {
  const deep = policy({ verify: { cron: "0 0 * * 0", depth: "deep" }, verifyWithinDays: 2 });
  const checked = (depth: "quick" | "deep", hours: number) => ({
    "rbd/a": [
      backup(100),
      backup(3, { checks: { quick: null, deep: null, source: null, [depth]: check(hoursAgo(hours), true) } }),
    ],
  });
  const of = (backups: Record<string, BackupRecord[]>) => states([image("rbd/a")], [deep], backups)["rbd/a"];
  expect(of(checked("deep", 2))).toBe("fresh");
  expect(of(checked("deep", 49))).toBe("fresh, verify");
  expect(of(checked("quick", 2))).toBe("fresh, verify");
  expect(of({ "rbd/a": [backup(3)] })).toBe("fresh"); // its first backup is not two days old yet
});

test("growth is summed by day", () => {
  const growth = growthByDay([backup(1), backup(2), backup(30), backup(999)], 3, NOW);
  expect(growth).toEqual([
    { day: "2026-03-08", bytes: 0, backups: 0 },
    { day: "2026-03-09", bytes: 10, backups: 1 },
    { day: "2026-03-10", bytes: 20, backups: 2 },
  ]);
});

test("a retention is previewed as it will be in the long run, and as it is for what is there", () => {
  const schedule = { cron: "0 2 * * *", timeZone: "UTC" };
  const projected = projectRetention(schedule, { daily: 7, weekly: 4 }, NOW);
  expect(projected).toMatchObject({ isComplete: true });
  expect(projected.kept).toBe(9); // 4 to 10 March, of which two are the newest of their weeks, and two more Sundays
  expect(projectRetention(schedule, { monthly: 60 }, NOW).isComplete).toBe(false);
  const byImage = new Map([["rbd/a", [backup(100), backup(50), backup(2)]]]);
  expect(planExisting(byImage, ["rbd/a", "rbd/none"], { keepLast: 2 })).toMatchObject({
    image: "rbd/a",
    kept: 2,
    removed: 1,
    images: 1,
  });
  expect(planExisting(byImage, ["rbd/none"], { keepLast: 2 })).toBeNull();
});
