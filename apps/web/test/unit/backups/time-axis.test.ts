import { describe, expect, test } from "vitest";
import {
  fitWindow,
  panWindow,
  positionOf,
  ticksOf,
  timeAt,
  windowAround,
  zoomWindow,
} from "#features/backups/history/time-axis.ts";

const hour = 60 * 60 * 1000;
const day = 24 * hour;
const local = (text: string) => new Date(text).getTime();

test("the window fits all times with some room, and one time is shown in the middle of a day", () => {
  const { from, to } = fitWindow([100 * day, 200 * day, 150 * day], 0);
  expect(from).toBeLessThan(100 * day);
  expect(to).toBeGreaterThan(200 * day);
  expect(to - from).toBeLessThan(110 * day);
  expect(fitWindow([100 * day], 0)).toEqual({ from: 99.5 * day, to: 100.5 * day });
  expect(fitWindow([], 5 * day)).toEqual({ from: 4 * day, to: 5 * day });
});

describe("zoom and pan", () => {
  const whole = { from: 0, to: 100 * day };

  test("the time under the pointer stays under it", () => {
    const zoomed = zoomWindow(whole, 0.5, 30 * day, whole);
    expect(zoomed).toEqual({ from: 15 * day, to: 65 * day });
    expect(positionOf(30 * day, zoomed, 1000)).toBeCloseTo(positionOf(30 * day, whole, 1000));
  });

  test("neither leads out of the whole, nor closer than a minute", () => {
    expect(zoomWindow({ from: 0, to: 10 * day }, 100, 5 * day, whole)).toEqual(whole);
    expect(zoomWindow(whole, 0, 50 * day, whole).to - zoomWindow(whole, 0, 50 * day, whole).from).toBe(
      hour / 60,
    );
    expect(panWindow({ from: 0, to: 10 * day }, -day, whole)).toEqual({ from: 0, to: 10 * day });
    expect(panWindow({ from: 80 * day, to: 90 * day }, 50 * day, whole)).toEqual({
      from: 90 * day,
      to: 100 * day,
    });
  });

  test("a time that is not in view is brought into view, one that is moves nothing", () => {
    const window = { from: 20 * day, to: 30 * day };
    expect(windowAround(window, 25 * day, whole)).toBe(window);
    const moved = windowAround(window, 50 * day, whole);
    expect(moved.to).toBeCloseTo(50.5 * day);
    expect(windowAround(window, 0, whole).from).toBe(0);
  });

  test("a position and a time are each other's inverse", () => {
    const window = { from: 3 * day, to: 7 * day };
    expect(timeAt(positionOf(4 * day, window, 640), window, 640)).toBeCloseTo(4 * day);
  });
});

describe("ticks", () => {
  const labels = (from: string, to: string, most: number) =>
    ticksOf({ from: local(from), to: local(to) }, most).map(({ label }) => label);

  test("stand at full hours of the local time, and say the day at midnight", () => {
    expect(labels("2026-03-01T20:30", "2026-03-02T04:00", 8)).toEqual([
      "21:00",
      "22:00",
      "23:00",
      "2 Mar",
      "01:00",
      "02:00",
      "03:00",
      "04:00",
    ]);
  });

  test("stand at days, Mondays, months and years as more is shown", () => {
    expect(labels("2026-02-26T12:00", "2026-03-03T12:00", 8)).toEqual([
      "27 Feb",
      "28 Feb",
      "1 Mar",
      "2 Mar",
      "3 Mar",
    ]);
    expect(labels("2026-03-01T00:00", "2026-04-01T00:00", 8)).toEqual([
      "2 Mar",
      "9 Mar",
      "16 Mar",
      "23 Mar",
      "30 Mar",
    ]);
    expect(labels("2025-11-15T00:00", "2026-04-15T00:00", 8)).toEqual(["Dec", "2026", "Feb", "Mar", "Apr"]);
    expect(labels("2020-06-01T00:00", "2026-06-01T00:00", 8)).toEqual([
      "2021",
      "2022",
      "2023",
      "2024",
      "2025",
      "2026",
    ]);
  });

  test("ascend and are no more than asked for, from ten minutes to a century", () => {
    for (let span = hour / 6; span < 36_500 * day; span *= 1.7) {
      const from = local("2026-02-25T07:13");
      const ticks = ticksOf({ from, to: from + span }, 9);
      const times = ticks.map(({ at }) => at);
      expect(times).toEqual([...new Set(times)].sort((a, b) => a - b));
      expect(times.every((at) => at >= from && at <= from + span)).toBe(true);
      if (span < 40 * 365 * day) expect(ticks.length).toBeLessThanOrEqual(12);
    }
  });
});
