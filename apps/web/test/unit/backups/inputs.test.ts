import { expect, test } from "vitest";
import { parseLabels } from "#features/backups/dialogs/labels.ts";
import { toRetention } from "#features/backups/dialogs/prune-dialog.tsx";
import { tellingCheck } from "#features/backups/history/point-facts.tsx";
import { toSourcesInput } from "#features/backups/source-filters.tsx";

test("labels are read as they are typed, and what has no name or comes twice is refused", () => {
  expect(parseLabels("")).toEqual({ labels: {}, error: null });
  expect(parseLabels(" plan = nightly, ticket=a=b ,,empty=")).toEqual({
    labels: { plan: "nightly", ticket: "a=b", empty: "" },
    error: null,
  });
  expect(parseLabels("nightly").error).toContain("name=value");
  expect(parseLabels("=x").error).toContain("name=value");
  expect(parseLabels("a=1,a=2").error).toContain("twice");
  expect(parseLabels(Array.from({ length: 65 }, (_, n) => `l${n}=`).join(",")).error).toContain("at most 64");
});

test("an empty rule keeps nothing, and a retention needs one that is a whole number or all", () => {
  const none = { keepLast: "", hourly: "", daily: "", weekly: "", monthly: "", yearly: "" };
  expect(toRetention(none, "UTC")).toBeNull();
  expect(toRetention({ ...none, daily: "7", monthly: " All " }, "UTC")).toEqual({
    daily: 7,
    monthly: "all",
    timeZone: "UTC",
  });
  for (const wrong of ["-1", "1.5", "many"]) expect(toRetention({ ...none, daily: wrong }, "UTC")).toBeNull();
});

test("the check that found damage says more than any other, then the newest deep one", () => {
  const check = (at: string, ok = true) => ({ at, ok });
  const quick = check("2026-03-03");
  expect(tellingCheck({ checks: { quick: null, deep: null, source: null } })).toBeNull();
  expect(tellingCheck({ checks: { quick, deep: null, source: null } })?.depth).toBe("quick");
  expect(tellingCheck({ checks: { quick, deep: check("2026-03-01"), source: null } })?.depth).toBe("deep");
  const damaged = { quick: check("2026-03-02", false), deep: check("2026-03-05"), source: null };
  expect(tellingCheck({ checks: damaged })).toEqual({ depth: "quick", at: "2026-03-02", ok: false });
});

test("the state of the filter is a problem or an origin for the server", () => {
  const filters = { target: "", state: "all", sort: "name", dir: "asc" } as const;
  const sort = { by: "name", dir: "asc" };
  expect(toSourcesInput(filters, " ")).toEqual({ sort });
  expect(toSourcesInput({ ...filters, state: "unverified", target: "t" }, "vm")).toEqual({
    sort,
    search: "vm",
    target: "t",
    problem: "never-verified",
  });
  expect(toSourcesInput({ ...filters, state: "cinder" }, "")).toEqual({ sort, origin: "cinder" });
});
