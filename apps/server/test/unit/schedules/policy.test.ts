import { expect, test } from "vitest";
import {
  checkPolicy,
  matchesPattern,
  type PolicyDefinition,
  type SelectableImage,
  selector,
} from "../../../src/schedules/policy.ts";

const image = (spec: string, inTrash = false): SelectableImage => {
  const parts = spec.split("/");
  return { spec, pool: parts[0] ?? "", name: parts.at(-1) ?? "", inTrash };
};

const definition: PolicyDefinition = {
  name: "Nightly",
  cluster: "ceph",
  select: { images: [], patterns: ["vms/*"], pools: [], exclude: [] },
  target: "t",
  timeZone: "Europe/Berlin",
  backup: { cron: "0 2 * * *", mode: "auto", chainPoints: null },
  verify: null,
  drill: null,
  retention: { daily: 7 },
  backupWithinHours: 26,
  verifyWithinDays: null,
  jitterMinutes: 0,
  parallel: 2,
};

test("a pattern matches part by part", () => {
  expect(matchesPattern("vms/*", "vms/web-1")).toBe(true);
  expect(matchesPattern("vms/*", "vms/ns/web-1")).toBe(false);
  expect(matchesPattern("vms/*/web-?", "vms/ns/web-1")).toBe(true);
  expect(matchesPattern("vms/*/web-?", "vms/ns/web-12")).toBe(false);
  expect(matchesPattern("*/db*-data", "vms/db7-data")).toBe(true);
  expect(matchesPattern("vms/a.b", "vms/axb")).toBe(false);
  expect(matchesPattern("vms/[a]", "vms/a")).toBe(false);
});

test("a pattern that would make a regular expression slow is matched at once", () => {
  const spec = `vms/${"a".repeat(90)}`;
  expect(matchesPattern(`vms/${"*a".repeat(40)}*b`, spec)).toBe(false);
});

test("images are chosen by name, pattern or pool, and left out by a pattern", () => {
  const chosen = selector({
    images: ["db/main"],
    patterns: ["vms/web-*"],
    pools: ["prod"],
    exclude: ["prod/*/tmp-*", "vms/web-test"],
  });
  const names = ["db/main", "db/other", "vms/web-1", "vms/web-test", "prod/a", "prod/ns/b", "prod/ns/tmp-b"];
  expect(names.filter((name) => chosen(image(name)))).toEqual([
    "db/main",
    "vms/web-1",
    "prod/a",
    "prod/ns/b",
  ]);
});

test("trash, scratch images of drills and the images of backup chains are never chosen", () => {
  const chosen = selector({ images: [], patterns: [], pools: ["p"], exclude: [] });
  expect(chosen(image("p/a"))).toBe(true);
  expect(chosen(image("p/a", true))).toBe(false);
  expect(chosen(image("p/coppice-drill-1"))).toBe(false);
  expect(chosen(image("p/volume-rbd.x.backup.0af3"))).toBe(false);
});

test("a policy that means nothing is refused before it is stored", () => {
  const check = (changes: Partial<PolicyDefinition>) => () => checkPolicy({ ...definition, ...changes });
  expect(check({})).not.toThrow();
  const none = { images: [], patterns: [], pools: [], exclude: ["vms/*"] };
  expect(check({ select: none })).toThrow(/chooses no image/);
  expect(check({ select: { ...none, patterns: ["web-*"] } })).toThrow(/no pattern/);
  expect(check({ select: { ...none, patterns: ["vms//x"] } })).toThrow(/empty part/);
  expect(check({ select: { ...none, images: ["vms/a@s"] } })).toThrow(/snapshot/);
  expect(check({ select: { ...none, images: ["a/b/c/d"] } })).toThrow();
  expect(check({ retention: { daily: 0 } })).toThrow(/keeps anything/);
  expect(check({ verify: { cron: "x", depth: "deep" } })).toThrow(/no cron expression/);
  expect(check({ timeZone: "Berlin" })).toThrow(/time zone/);
});
