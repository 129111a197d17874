import { describe, expect, test } from "vitest";
import {
  absoluteTime,
  clockTime,
  exactBytes,
  formatBytes,
  formatDuration,
  formatPercent,
  formatRate,
  formatRemaining,
  plural,
  relativeTime,
} from "#lib/format.ts";

describe("formatBytes", () => {
  test.each([
    [0, "0 B"],
    [1, "1 B"],
    [1023, "1023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [4 * 2 ** 20, "4 MiB"],
    [10 * 2 ** 30, "10 GiB"],
    [12.34 * 2 ** 30, "12.3 GiB"],
    [123.4 * 2 ** 30, "123 GiB"],
    [2 ** 40, "1 TiB"],
    [2 ** 53, "8 PiB"],
    [-1536, "−1.5 KiB"],
  ])("%d is %s", (bytes, text) => expect(formatBytes(bytes)).toBe(text));

  test("never shows 1024 of a unit", () => {
    expect(formatBytes(2 ** 30 - 1)).toBe("1 GiB");
    expect(formatBytes(1023.6 * 1024)).toBe("1 MiB");
    expect(formatBytes(1023.4 * 1024)).toBe("1023 KiB");
  });

  test("an unknown size is a dash", () => expect(formatBytes(Number.NaN)).toBe("–"));
});

test("exactBytes groups the full number", () => {
  expect(exactBytes(1_610_612_736)).toBe("1,610,612,736 bytes");
  expect(exactBytes(1)).toBe("1 byte");
});

test("formatRate is bytes per second", () => expect(formatRate(84.25 * 2 ** 20)).toBe("84.3 MiB/s"));

describe("formatPercent", () => {
  test("does not round up to 100 before completion", () => {
    expect(formatPercent(999_999, 1_000_000)).toBe("99%");
    expect(formatPercent(1_000_000, 1_000_000)).toBe("100%");
  });
  test("does not round down to 0 after the start", () => expect(formatPercent(1, 1_000_000)).toBe("<1%"));
  test("the share of an empty total is 0%", () => expect(formatPercent(0, 0)).toBe("0%"));
});

test("plural agrees with its count", () => {
  expect(plural(1, "clone")).toBe("1 clone");
  expect(plural(10_000, "clone")).toBe("10,000 clones");
  expect(plural(2, "child", "children")).toBe("2 children");
});

test.each([
  [0.031, "31 ms"],
  [2.34, "2.3 s"],
  [42, "42 s"],
  [185, "3 min 5 s"],
  [180, "3 min"],
  [8_040, "2 h 14 min"],
  [356_400, "4 d 3 h"],
])("%d seconds last %s", (seconds, text) => expect(formatDuration(seconds)).toBe(text));

describe("formatRemaining", () => {
  test("is null when the remaining time is unknown", () => {
    expect(formatRemaining(1, null, 1)).toBeNull();
    expect(formatRemaining(1, 10, null)).toBeNull();
    expect(formatRemaining(1, 10, 0)).toBeNull();
    expect(formatRemaining(10, 10, 1)).toBeNull();
  });
  test("uses coarser steps for longer times", () => {
    expect(formatRemaining(0, 3, 1)).toBe("a few seconds left");
    expect(formatRemaining(0, 42, 1)).toBe("about 45 s left");
    expect(formatRemaining(0, 130, 1)).toBe("about 3 min left");
    expect(formatRemaining(0, 1_300, 1)).toBe("about 25 min left");
    expect(formatRemaining(0, 8_000, 1)).toBe("about 2.5 h left");
    expect(formatRemaining(0, 400_000, 1)).toBe("about 5 days left");
  });
});

const now = new Date("2026-03-01T12:00:00Z");
const ago = (seconds: number) => relativeTime(new Date(now.getTime() - seconds * 1000), now);

describe("relativeTime", () => {
  test.each([
    [0, "just now"],
    [9, "just now"],
    [30, "under a minute ago"],
    [60, "1 minute ago"],
    [3_599, "59 minutes ago"],
    [7_200, "2 hours ago"],
    [86_400 * 3, "3 days ago"],
    [86_400 * 20, "2 weeks ago"],
    [86_400 * 400, "1 year ago"],
    [-120, "in 2 minutes"],
    [-30, "in under a minute"],
  ])("%d seconds before now: %s", (seconds, text) => expect(ago(seconds)).toBe(text));
});

test("absoluteTime names its zone", () => {
  expect(absoluteTime(now, "UTC")).toBe("2026-03-01 12:00:00 UTC");
  expect(absoluteTime(now, "Asia/Tokyo")).toBe("2026-03-01 21:00:00 GMT+9");
});

test("midnight is 00, not 24", () => {
  expect(clockTime(new Date("2026-03-01T00:00:05Z"), "UTC")).toBe("00:00:05");
});
