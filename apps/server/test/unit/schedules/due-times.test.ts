import fc from "fast-check";
import { describe, expect, test } from "vitest";
import {
  checkSchedule,
  describeSchedule,
  dueTime,
  jitterOf,
  MOST_MISSED,
  nextTimes,
  type Schedule,
} from "../../../src/schedules/due-times.ts";

const HOUR = 3_600_000;
const at = (iso: string) => Date.parse(iso);
const iso = (times: readonly number[]) => times.map((time) => new Date(time).toISOString());
const berlin = (cron: string): Schedule => ({ cron, timeZone: "Europe/Berlin" });
const utc = (cron: string): Schedule => ({ cron, timeZone: "UTC" });
const nightly = utc("0 2 * * *");

describe("summer time", () => {
  // In 2026 it begins on 29 March at 2:00 (3:00 then) and ends on 25 October at 3:00 (2:00 then).
  test("a fixed time in the hour that is left out is moved behind it", () => {
    expect(iso(nextTimes(berlin("30 2 * * *"), at("2026-03-28T00:00:00Z"), 3))).toEqual([
      "2026-03-28T01:30:00.000Z",
      "2026-03-29T01:00:00.000Z",
      "2026-03-30T00:30:00.000Z",
    ]);
  });

  test("a fixed time in the hour that is repeated comes once", () => {
    expect(iso(nextTimes(berlin("30 2 * * *"), at("2026-10-24T12:00:00Z"), 2))).toEqual([
      "2026-10-25T00:30:00.000Z",
      "2026-10-26T01:30:00.000Z",
    ]);
  });

  test("every hour means every real hour", () => {
    expect(iso(nextTimes(berlin("15 * * * *"), at("2026-03-29T00:00:00Z"), 3))).toEqual([
      "2026-03-29T00:15:00.000Z",
      "2026-03-29T01:15:00.000Z",
      "2026-03-29T02:15:00.000Z",
    ]);
    expect(iso(nextTimes(berlin("15 * * * *"), at("2026-10-24T23:30:00Z"), 3))).toEqual([
      "2026-10-25T00:15:00.000Z",
      "2026-10-25T01:15:00.000Z",
      "2026-10-25T02:15:00.000Z",
    ]);
  });
});

describe("what is due", () => {
  const since = at("2026-03-01T12:00:00Z");

  test("nothing before its time, and it at its very time", () => {
    const ask = (now: string) => dueTime({ schedule: nightly, since, lastDue: null, now: at(now) });
    expect(ask("2026-03-02T01:59:59.999Z")).toBeNull();
    expect(ask("2026-03-02T02:00:00.000Z")).toEqual({ at: at("2026-03-02T02:00:00Z"), missed: 0 });
    expect(ask("2026-03-02T02:00:00.001Z")).toEqual({ at: at("2026-03-02T02:00:00Z"), missed: 0 });
  });

  test("what was due before the schedule counted is not caught up", () => {
    const schedule = utc("0 11 * * *");
    expect(dueTime({ schedule, since, lastDue: null, now: at("2026-03-01T12:00:01Z") })).toBeNull();
  });

  test("missed times are made good once, by the newest", () => {
    const lastDue = at("2026-03-02T02:00:00Z");
    const now = at("2026-03-05T09:00:00Z");
    const due = { at: at("2026-03-05T02:00:00Z"), missed: 2 };
    expect(dueTime({ schedule: nightly, since, lastDue, now })).toEqual(due);
    expect(dueTime({ schedule: nightly, since, lastDue: due.at, now })).toBeNull();
  });

  test("counting missed times ends", () => {
    const schedule = utc("* * * * *");
    const now = since + 24 * 365 * HOUR;
    expect(dueTime({ schedule, since, lastDue: null, now })).toEqual({ at: now, missed: MOST_MISSED });
  });

  test("a clock that is set back makes nothing run again", () => {
    const lastDue = at("2026-03-02T02:00:00Z");
    expect(dueTime({ schedule: nightly, since, lastDue, now: at("2026-03-02T01:59:00Z") })).toBeNull();
    expect(dueTime({ schedule: nightly, since, lastDue, now: at("2026-03-02T02:00:30Z") })).toBeNull();
  });

  test("however the ticks fall, each time that passes is run or counted as missed, exactly once", () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 1, max: 4 * HOUR }), { minLength: 1, maxLength: 8 }),
        fc.constantFrom("*/11 * * * *", "30 2 * * *", "0 */3 * * *", "5 1-4 * * 0"),
        (steps, cron) => {
          const schedule = berlin(cron);
          const start = at("2026-03-28T21:00:00Z");
          let [now, lastDue, seen]: [number, number | null, number] = [start, null, 0];
          for (const step of steps) {
            now += step;
            const due = dueTime({ schedule, since: start, lastDue, now });
            if (due === null) continue;
            seen += 1 + due.missed;
            lastDue = due.at;
          }
          const all = nextTimes(schedule, start, 300).filter((time) => time <= now);
          expect(seen).toBe(all.length);
        },
      ),
      { numRuns: 25 },
    );
  });
});

test("jitter is the same for the same run, within its bounds, and differs between runs", () => {
  const delays = Array.from({ length: 50 }, (_, run) => jitterOf(`policy/backup/${run}`, 10));
  expect(delays).toEqual(Array.from({ length: 50 }, (_, run) => jitterOf(`policy/backup/${run}`, 10)));
  expect(Math.min(...delays)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...delays)).toBeLessThan(600_000);
  expect(new Set(delays).size).toBeGreaterThan(45);
  expect(jitterOf("x", 0)).toBe(0);
});

test("what cannot be read is refused with what to write instead", () => {
  expect(() => checkSchedule(utc("0 2 * *"))).toThrow(/no cron expression/);
  expect(() => checkSchedule(utc("0 0 2 * * *"))).toThrow(/no cron expression/);
  expect(() => checkSchedule(utc("61 2 * * *"))).toThrow(/no cron expression/);
  expect(() => checkSchedule(utc("0 0 30 2 *"))).toThrow(/never comes/);
  expect(() => checkSchedule({ cron: "0 2 * * *", timeZone: "Mars/Base" })).toThrow(/time zone/);
});

test("schedules are said in words", () => {
  expect(describeSchedule(utc("0 2 * * 0"))).toBe("At 02:00, only on Sunday");
  expect(describeSchedule(utc("0 2 * * *"))).toBe("At 02:00, every day");
  expect(describeSchedule(utc("*/15 * * * *"))).toBe("Every 15 minutes");
});
