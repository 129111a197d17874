import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  checkRetention,
  describeKeepReason,
  planRetention,
  type RetentionPoint,
  type RetentionPolicy,
} from "../../../src/backup/retention.ts";

/** Points named by their times. */
const pointsAt = (...times: string[]): RetentionPoint[] =>
  times.map((time) => ({ id: time, time: new Date(time), isRestorable: true }));

/** What is kept, with its reasons in short: `weekly 2026-W13`, `yearly 2026 (oldest)`. */
function kept(points: readonly RetentionPoint[], policy: RetentionPolicy): Record<string, string[]> {
  const decisions = planRetention(points, policy).filter(({ reasons }) => reasons.length > 0);
  return Object.fromEntries(
    decisions.map(({ point, reasons }) => [
      point.id,
      reasons.map((reason) => {
        if ("period" in reason) return `${reason.rule} ${reason.period}${reason.isOldest ? " (oldest)" : ""}`;
        return reason.rule === "last" ? `last ${reason.number}` : reason.rule;
      }),
    ]),
  );
}

describe("planRetention", () => {
  it("keeps the newest of several points in a period, and names every rule that keeps a point", () => {
    const points = pointsAt(
      "2026-03-01T01:00Z",
      "2026-03-01T23:00Z",
      "2026-03-02T08:00Z",
      "2026-03-02T08:30Z",
      "2026-03-02T09:00Z",
    );
    expect(kept(points, { keepLast: 1, hourly: 2, daily: 2, monthly: 1, yearly: 1 })).toEqual({
      "2026-03-01T23:00Z": ["daily 2026-03-01"],
      "2026-03-02T08:30Z": ["hourly 2026-03-02T08+00:00"],
      "2026-03-02T09:00Z": [
        "last 1",
        "hourly 2026-03-02T09+00:00",
        "daily 2026-03-02",
        "monthly 2026-03",
        "yearly 2026",
      ],
    });
  });

  it("keeps the oldest point while a rule is not full, and drops it when it is", () => {
    const points = pointsAt("2026-03-01T01:00Z", "2026-03-01T23:00Z", "2026-03-02T08:00Z");
    expect(kept(points, { daily: 3 })).toEqual({
      "2026-03-01T01:00Z": ["daily 2026-03-01 (oldest)"],
      "2026-03-01T23:00Z": ["daily 2026-03-01"],
      "2026-03-02T08:00Z": ["daily 2026-03-02"],
    });
    expect(Object.keys(kept(points, { daily: 2 }))).toEqual(["2026-03-01T23:00Z", "2026-03-02T08:00Z"]);
  });

  it("does not count periods without a point", () => {
    const points = pointsAt("2019-05-01T00:00Z", "2020-05-01T00:00Z", "2026-05-01T00:00Z");
    expect(Object.keys(kept(points, { yearly: 2 }))).toEqual(["2020-05-01T00:00Z", "2026-05-01T00:00Z"]);
  });

  it("has no hour that summer time skips, and two of the hour that its end repeats", () => {
    const spring = pointsAt("2026-03-29T00:30Z", "2026-03-29T00:59Z", "2026-03-29T01:00Z");
    expect(kept(spring, { hourly: 5, timeZone: "Europe/Berlin" })).toEqual({
      "2026-03-29T00:30Z": ["hourly 2026-03-29T01+01:00 (oldest)"],
      "2026-03-29T00:59Z": ["hourly 2026-03-29T01+01:00"],
      "2026-03-29T01:00Z": ["hourly 2026-03-29T03+02:00"],
    });
    const autumn = pointsAt("2026-10-24T23:59Z", "2026-10-25T00:30Z", "2026-10-25T01:30Z");
    expect(kept(autumn, { hourly: 3, timeZone: "Europe/Berlin" })).toEqual({
      "2026-10-24T23:59Z": ["hourly 2026-10-25T01+02:00"],
      "2026-10-25T00:30Z": ["hourly 2026-10-25T02+02:00"],
      "2026-10-25T01:30Z": ["hourly 2026-10-25T02+01:00"],
    });
  });

  it("takes the day with 23 hours and the day with 25 hours as one day each", () => {
    const midnights = ["2026-03-28T23:00Z", "2026-03-29T21:59Z", "2026-03-29T22:00Z"];
    expect(kept(pointsAt(...midnights), { daily: 2, timeZone: "Europe/Berlin" })).toEqual({
      "2026-03-29T21:59Z": ["daily 2026-03-29"],
      "2026-03-29T22:00Z": ["daily 2026-03-30"],
    });
    const autumn = pointsAt("2026-10-24T22:00Z", "2026-10-25T22:59Z", "2026-10-25T23:00Z");
    expect(kept(autumn, { daily: 2, timeZone: "Europe/Berlin" })).toEqual({
      "2026-10-25T22:59Z": ["daily 2026-10-25"],
      "2026-10-25T23:00Z": ["daily 2026-10-26"],
    });
  });

  it.each([
    ["2026-12-31T23:30Z", "UTC", "2026-W53", "2026-12", "2026"],
    ["2026-12-31T23:30Z", "Europe/Berlin", "2026-W53", "2027-01", "2027"],
    ["2027-01-03T12:00Z", "UTC", "2026-W53", "2027-01", "2027"],
    ["2027-01-04T12:00Z", "UTC", "2027-W01", "2027-01", "2027"],
    ["2024-12-30T12:00Z", "UTC", "2025-W01", "2024-12", "2024"],
    ["2021-01-03T12:00Z", "UTC", "2020-W53", "2021-01", "2021"],
    ["2022-01-02T12:00Z", "UTC", "2021-W52", "2022-01", "2022"],
    ["2026-06-01T03:00Z", "America/New_York", "2026-W22", "2026-05", "2026"],
    ["2026-06-01T03:00Z", "Asia/Kathmandu", "2026-W23", "2026-06", "2026"],
  ])("names the periods of %s in %s", (time, timeZone, week, month, year) => {
    expect(kept(pointsAt(time), { weekly: 1, monthly: 1, yearly: 1, timeZone })).toEqual({
      [time]: [`weekly ${week}`, `monthly ${month}`, `yearly ${year}`],
    });
  });

  it("measures the age from the newest point, up to the millisecond", () => {
    const points = pointsAt("2026-02-28T23:59:59.999Z", "2026-03-01T00:00Z", "2026-03-02T12:00Z");
    expect(kept(points, { within: { days: 1, hours: 12 } })).toEqual({
      "2026-03-01T00:00Z": ["within"],
      "2026-03-02T12:00Z": ["within"],
    });
  });

  it("keeps protected points, which count like others", () => {
    const points = pointsAt("2026-03-01T00:00Z", "2026-03-02T00:00Z", "2026-03-03T00:00Z").map(
      (point, i) => ({
        ...point,
        isProtected: i !== 1,
      }),
    );
    expect(kept(points, { keepLast: 1 })).toEqual({
      "2026-03-01T00:00Z": ["protected"],
      "2026-03-03T00:00Z": ["protected", "last 1"],
    });
  });

  it("never lets a point that cannot be restored displace a good one", () => {
    const points = pointsAt("2026-03-01T00:00Z", "2026-03-01T12:00Z", "2026-03-01T18:00Z").map(
      (point, i) => ({
        ...point,
        isRestorable: i !== 2,
      }),
    );
    expect(kept(points, { keepLast: 1, daily: 1 })).toEqual({
      "2026-03-01T12:00Z": ["last 1", "daily 2026-03-01"],
      "2026-03-01T18:00Z": ["not-restorable"],
    });
  });

  it("keeps everything that a rule without a limit matches", () => {
    const points = pointsAt("2020-01-01T00:00Z", "2020-01-02T00:00Z", "2021-01-01T00:00Z");
    expect(kept(points, { keepLast: "all" })).toEqual({
      "2020-01-01T00:00Z": ["last 3"],
      "2020-01-02T00:00Z": ["last 2"],
      "2021-01-01T00:00Z": ["last 1"],
    });
    expect(Object.keys(kept(points.slice(1), { yearly: "all" }))).toEqual([
      "2020-01-02T00:00Z",
      "2021-01-01T00:00Z",
    ]);
  });

  it("decides in the order of the points, and about none of none", () => {
    const points = pointsAt("2026-03-02T00:00Z", "2026-03-01T00:00Z", "2026-03-03T00:00Z");
    expect(planRetention(points, { keepLast: 1 }).map(({ point }) => point)).toEqual(points);
    expect(planRetention([], { keepLast: 1 })).toEqual([]);
  });
});

describe("checkRetention", () => {
  it.each([
    [{}, "no rule that keeps anything"],
    [{ keepLast: 0, daily: 0, within: { days: 0 } }, "no rule that keeps anything"],
    [{ daily: -1 }, "-1 is no count for daily"],
    [{ keepLast: 1.5 }, "1.5 is no count for keepLast"],
    [{ yearly: Number.NaN }, "NaN is no count for yearly"],
    [{ within: { days: -1 } }, "-1 days is no length of time"],
    [{ daily: 1, timeZone: "Europe/Atlantis" }, '"Europe/Atlantis" is no known time zone'],
  ])("refuses %o", (policy, message) => {
    const refused = expect.objectContaining({
      code: "INVALID_ARGUMENT",
      message: expect.stringContaining(message),
    });
    expect(() => checkRetention(policy)).toThrow(refused);
    expect(() => planRetention([], policy)).toThrow(refused);
  });

  it("refuses a point without a valid time", () => {
    expect(() => planRetention(pointsAt("yesterday"), { keepLast: 1 })).toThrow(
      expect.objectContaining({ code: "INVALID_ARGUMENT" }),
    );
  });
});

describe("describeKeepReason", () => {
  it.each([
    [{ rule: "last", number: 1 }, "the newest point"],
    [{ rule: "last", number: 3 }, "number 3 of the newest points"],
    [{ rule: "within" }, "not too old yet"],
    [{ rule: "protected" }, "protected"],
    [{ rule: "not-restorable" }, "incomplete or damaged: retention does not decide about it"],
    [
      { rule: "weekly", period: "2026-W13", number: 2, isOldest: false },
      "the newest of the week 2026-W13, number 2 of the weekly ones",
    ],
    [
      { rule: "yearly", period: "2026", number: 1, isOldest: true },
      "the oldest point, because there are too few yearly ones",
    ],
  ] as const)("says %o", (reason, text) => {
    expect(describeKeepReason(reason)).toBe(text);
  });
});

describe("any points and any policy", () => {
  const start = Date.UTC(2025, 9, 20);
  const points = fc
    .array(
      fc.record({
        // Minutes within some days around the end of summer time, or within three years.
        minute: fc.oneof(fc.nat(10 * 24 * 60), fc.nat(3 * 365 * 24 * 60)),
        isRestorable: fc.boolean(),
        isProtected: fc.boolean(),
      }),
      { maxLength: 40 },
    )
    .map((list) =>
      list.map(({ minute, ...rest }, i) => ({
        id: `${i}`,
        time: new Date(start + minute * 60_000),
        ...rest,
      })),
    );
  const count = fc.option(fc.oneof(fc.nat(6), fc.constant("all" as const)), { nil: undefined });
  const zones = fc.constantFrom("UTC", "Europe/Berlin", "America/St_Johns", "Australia/Lord_Howe");
  const policies = fc
    .record({
      keepLast: count,
      hourly: count,
      daily: count,
      weekly: count,
      monthly: count,
      yearly: count,
      within: fc.option(fc.record({ days: fc.nat(30), hours: fc.nat(48) }), { nil: undefined }),
      timeZone: zones,
    })
    .map((policy) => ({ ...policy, keepLast: policy.keepLast === 0 ? 1 : (policy.keepLast ?? 1) }))
    .chain((policy) =>
      // Some without `keepLast`, as long as another rule keeps something.
      fc.boolean().map((bare) => {
        const { keepLast: _, ...others } = policy;
        return bare && (others.daily ?? 0) !== 0 ? others : policy;
      }),
    );
  const keptOf = <P extends RetentionPoint>(list: readonly P[], policy: RetentionPolicy) =>
    planRetention(list, policy).flatMap(({ point, reasons }) => (reasons.length > 0 ? [point] : []));

  it("pruning twice removes nothing more, and gives the same reasons", () => {
    fc.assert(
      fc.property(points, policies, (list, policy) => {
        const once = planRetention(list, policy).filter(({ reasons }) => reasons.length > 0);
        expect(
          planRetention(
            once.map(({ point }) => point),
            policy,
          ),
        ).toEqual(once);
      }),
    );
  });

  it("the newest restorable point is always kept, and so is every protected or incomplete one", () => {
    fc.assert(
      fc.property(points, policies, (list, policy) => {
        const left = new Set(keptOf(list, policy));
        const times = list.filter(({ isRestorable }) => isRestorable).map(({ time }) => time.getTime());
        if (times.length > 0) {
          const newest = Math.max(...times);
          expect([...left].some((point) => point.isRestorable && point.time.getTime() === newest)).toBe(true);
        }
        for (const point of list) if (point.isProtected || !point.isRestorable) expect(left).toContain(point);
      }),
    );
  });

  it("a rule that keeps more never keeps fewer", () => {
    const rule = fc.constantFrom("keepLast", "hourly", "daily", "weekly", "monthly", "yearly");
    fc.assert(
      fc.property(points, policies, rule, fc.integer({ min: 1, max: 5 }), (list, policy, name, more) => {
        const before = policy[name as keyof typeof policy] as number | "all" | undefined;
        const raised = { ...policy, [name]: before === "all" ? "all" : (before ?? 0) + more };
        const left = new Set(keptOf(list, raised));
        for (const point of keptOf(list, policy)) expect(left).toContain(point);
      }),
    );
    fc.assert(
      fc.property(points, policies, fc.nat(20), (list, policy, days) => {
        const within: RetentionPolicy["within"] = policy.within;
        const raised = { ...policy, within: { ...within, days: (within?.days ?? 0) + days } };
        const left = new Set(keptOf(list, raised));
        for (const point of keptOf(list, policy)) expect(left).toContain(point);
      }),
    );
  });

  it("a rule keeps as many periods as it wants, or as there are, and the oldest point", () => {
    fc.assert(
      fc.property(points, fc.integer({ min: 1, max: 6 }), zones, (list, daily, timeZone) => {
        const decisions = planRetention(list, { daily, timeZone });
        const found = decisions.flatMap(({ reasons }) => reasons.flatMap((r) => ("period" in r ? [r] : [])));
        const all = planRetention(list, { daily: "all", timeZone });
        const days = new Set(
          all.flatMap(({ reasons }) => reasons.flatMap((r) => ("period" in r ? [r.period] : []))),
        );
        expect(found.filter(({ isOldest }) => !isOldest)).toHaveLength(Math.min(daily, days.size));
        expect(found.filter(({ isOldest }) => isOldest).length).toBeLessThanOrEqual(1);
      }),
    );
  });
});
